import type { BaselineStatus } from '../../crds/status.ts';
import { powerSeries } from '../../operator/accounting/power.ts';
import type { NodeWide, ObservedAttempt } from '../../operator/decide/observed.ts';
import type { EnergyReading } from '../../worker/contract/energy-reading.ts';
import { authorsRun } from './authors-run.ts';
import { gpu } from './resnet50-training.ts';

const { serialSeconds, serialWatts, watts } = authorsRun;
/** Of a card without a unit: the authors' fourth card was never idle for long, so it gets the mean of the others. */
const idleWatts = 15;
const cardOf = (index: number): string => `GPU-7b1e5c0${index}`;
const processor = 'package-0';

/** Seconds of prepare and finetune, in both jobs. What they drew is not in the authors' logs: the watts of the serial run stand in. */
const otherSeconds = 168 + 460;

/** Another job, the same on one GPU: `joules` of what was in use, and with the three cards that stood idle. */
export const serialJob: BaselineStatus = {
  mode: 'Job',
  jobName: 'resnet50-cifar10-serial',
  jobUid: '0c41d7e2a95b',
  state: 'Known',
  seconds: serialSeconds,
  joules: rounded((serialSeconds + otherSeconds) * (serialWatts.gpu + serialWatts.cpu)),
  dedicatedNode: rounded(
    (serialSeconds + otherSeconds) * (serialWatts.gpu + serialWatts.cpu + total(serialWatts.idleGpus)),
  ),
  coverage: ['GPU', 'CPU'],
};

function rounded(joules: number): number {
  return Number(joules.toPrecision(4));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0);
}

/** The attempts, each that committed with what its meters have read: its card's counter, and that of the CPU package. */
export function metered(attempts: readonly ObservedAttempt[]): ObservedAttempt[] {
  return attempts.map((attempt) => {
    const { result, startTime, endTime, unit } = attempt;
    if (result === undefined) return attempt;
    const seconds = secondsBetween(startTime, endTime);
    const earlier = attempts.find((each) => each.unit === unit && each.result === undefined);
    const energy = readings(attempt, seconds);
    const value = {
      ...result.value,
      startTime: (startTime ?? new Date(0)).toISOString(),
      completionTime: (endTime ?? new Date(0)).toISOString(),
      energy,
      ...(earlier === undefined
        ? {}
        : { earlierEnergy: readings(earlier, secondsBetween(earlier.startTime, earlier.endTime)) }),
    } as typeof result.value;
    return { ...attempt, result: { ...result, value } };
  });
}

/** The machine, watched from the first attempt to the last. */
export function wholeMachine(attempts: readonly ObservedAttempt[]): NodeWide {
  const spans = attempts.map((attempt) => ({
    start: (attempt.startTime?.getTime() ?? 0) / 1000,
    end: (attempt.endTime?.getTime() ?? 0) / 1000,
    card: cardIndex(attempt),
    ...wattsOf(attempt),
  }));
  const [start, end] = [
    Math.min(...spans.map((each) => each.start)),
    Math.max(...spans.map((each) => each.end)),
  ];
  const polled = (wattsAt: (running: typeof spans) => number) =>
    powerSeries(
      Array.from({ length: Math.ceil(end - start) + 1 }, (_, second) => {
        const moment = start + second;
        const running = spans.filter((each) => each.start <= moment && moment < each.end);
        return { seconds: moment, watts: wattsAt(running) };
      }),
    );
  const cards = watts.gpus.map((_, index) => ({
    device: cardOf(index),
    kind: 'GPU' as const,
    model: gpu,
    power: polled((running) => running.find(({ card }) => card === index)?.gpu ?? idleWatts),
  }));
  const cpu = polled((running) => Math.max(serialWatts.cpu, ...running.map((each) => each.cpu)));
  return {
    devices: [...cards, { device: processor, kind: 'CPU', power: cpu }],
    reserved: cards.map(({ device }) => device),
    problems: [],
  };
}

function readings(attempt: ObservedAttempt, seconds: number): EnergyReading[] {
  const drawn = wattsOf(attempt);
  // A meter that was held up twice, so that the report has something to warn of.
  const gaps = attempt.unit === 'unit-005' ? 2 : 0;
  const common = { method: 'Counter', gaps, gapSeconds: gaps, estimatedSeconds: 0, seconds } as const;
  const reading = (meanWatts: number) => ({
    ...common,
    joules: meanWatts * seconds,
    knownJoules: meanWatts * seconds,
    meanWatts,
  });
  return [
    { device: cardOf(cardIndex(attempt)), kind: 'GPU', model: gpu, sharing: 'None', ...reading(drawn.gpu) },
    { device: processor, kind: 'CPU', ...reading(drawn.cpu) },
  ];
}

/** A unit beside others has a busier processor; prepare and finetune run alone, as all of the serial run did. */
function wattsOf(attempt: ObservedAttempt): { gpu: number; cpu: number } {
  return attempt.stage === 'Distill'
    ? { gpu: watts.gpus[cardIndex(attempt)] ?? NaN, cpu: watts.cpu }
    : { gpu: serialWatts.gpu, cpu: serialWatts.cpu };
}

function cardIndex({ device }: ObservedAttempt): number {
  return Number(device?.replace('GPU ', '') ?? 0);
}

function secondsBetween(start: Date | undefined, end: Date | undefined): number {
  return ((end?.getTime() ?? NaN) - (start?.getTime() ?? NaN)) / 1000;
}
