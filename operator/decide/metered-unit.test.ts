import { expect, it } from 'vitest';
import type { EnergyReading } from '../../worker/contract/energy-reading.ts';
import { anObserved, at, distilled, failed, unmetered } from './builders.ts';
import { meteredUnit } from './metered-unit.ts';
import type { ObservedAttempt } from './observed.ts';
import { viewUnits } from './units.ts';

const gpu: EnergyReading = { ...unmetered, device: 'GPU-1', kind: 'GPU', joules: 10, reason: undefined };
const cpu: EnergyReading = { ...unmetered, device: 'package-0', joules: 7, reason: undefined };

interface Done {
  readonly energy: readonly EnergyReading[];
  readonly earlierEnergy?: readonly EnergyReading[];
  /** When its worker began; it ended at 100. */
  readonly start?: number;
  readonly attempt?: Partial<ObservedAttempt>;
}

function done({ energy, earlierEnergy, start = 50, attempt = {} }: Done): ObservedAttempt {
  const made = distilled('unit-000', 'a');
  const { result } = made;
  if (result === undefined) throw new Error('no result');
  const value = {
    ...result.value,
    energy,
    ...(earlierEnergy === undefined ? {} : { earlierEnergy }),
    startTime: at(start).toISOString(),
    completionTime: at(100).toISOString(),
  };
  return {
    ...made,
    number: 2,
    startTime: at(start),
    endTime: at(100),
    ...attempt,
    result: { ...result, value },
  };
}

/** Its attempts, times in seconds of the day of all tests. */
function attemptsOf(...attempts: readonly ObservedAttempt[]) {
  const [view] = viewUnits(anObserved(attempts)).distill;
  if (view === undefined) throw new Error('no unit');
  return meteredUnit(view).flatMap((unit) =>
    [...(unit.lost.told === undefined ? [] : [unit.lost.told]), ...unit.attempts].map(
      ({ start, end, ...attempt }) => ({
        ...attempt,
        start: start - at(0).getTime() / 1000,
        end: end - at(0).getTime() / 1000,
      }),
    ),
  );
}

const devices = (readings: readonly { device: string; joules: number | null }[] = []) =>
  readings.map(({ device, joules }) => [device, joules]);

it('has one attempt where none was gone on from, by the clock of its worker', () => {
  const [attempt, ...others] = attemptsOf(done({ energy: [gpu, cpu] }));
  expect(others).toEqual([]);
  expect(attempt).toMatchObject({ start: 50, end: 100, committed: true });
  expect(devices(attempt?.readings)).toEqual([
    ['GPU-1', 10],
    ['package-0', 7],
  ]);
});

it('has the attempts before as a second one, for as long as they ran', () => {
  const earlier = [0, 1].map((index) =>
    failed('unit-000', { number: index + 1, startTime: at(10 * index), endTime: at(10 * index + 8) }),
  );
  const own = done({ energy: [gpu], earlierEnergy: [{ ...gpu, joules: 4 }], attempt: { number: 3 } });
  expect(attemptsOf(...earlier, own)).toMatchObject([
    { start: 0, end: 18, committed: false, readings: [{ device: 'GPU-1', joules: 4 }] },
    { start: 50, end: 100, committed: true, readings: [{ device: 'GPU-1', joules: 10 }] },
  ]);
});

it('names processors by their node, since others there read the same joules', () => {
  const earlier = failed('unit-000', { node: 'node-a' });
  const own = done({ energy: [cpu], earlierEnergy: [cpu], attempt: { node: 'node-b' } });
  const [before, after] = attemptsOf(earlier, own);
  expect(devices(before?.readings)).toEqual([['node-a/package-0', 7]]);
  expect(devices(after?.readings)).toEqual([['node-b/package-0', 7]]);
});

it('does not know the joules of processors that could be anywhere; a card has its own identity', () => {
  const own = done({ energy: [cpu], earlierEnergy: [cpu, gpu], attempt: { node: 'node-b' } });
  const [gone] = attemptsOf(own);
  expect(gone?.readings).toMatchObject([
    {
      device: 'package-0 of earlier attempts at unit-000',
      joules: null,
      reason: 'when and where earlier attempts ran is not known any more',
    },
    { device: 'GPU-1', joules: 10 },
  ]);
  const spread = ['node-a', 'node-c'].map((node, index) => failed('unit-000', { number: index + 1, node }));
  const [scattered] = attemptsOf(...spread, { ...own, number: 3 });
  expect(scattered?.readings).toMatchObject([
    { joules: null, reason: 'earlier attempts ran on several nodes' },
    { device: 'GPU-1', joules: 10 },
  ]);
});

it('is of the attempt that did the work, though another one has said so', () => {
  const worker = failed('unit-000', { state: 'Interrupted', node: 'node-a', endTime: at(101) });
  const messenger = done({ energy: [cpu], start: 5, attempt: { startTime: at(200), node: 'node-b' } });
  expect(devices(attemptsOf(worker, messenger)[0]?.readings)).toEqual([['node-a/package-0', 7]]);
  // Its Job is gone.
  expect(attemptsOf(messenger)[0]?.readings).toMatchObject([
    { device: 'package-0 of unit-000', joules: null, reason: 'where the attempt ran is not known any more' },
  ]);
});

it('says of a card that was not found whose it is, and of one that was shared that nobody can stand in', () => {
  const lost = { ...gpu, device: 'GPU', joules: null, reason: 'NVML is missing' };
  const shared = { ...gpu, joules: null, sharing: 'Shared' as const, reason: 'not attributable: MIG is on' };
  expect(attemptsOf(done({ energy: [lost, shared] }))[0]?.readings).toMatchObject([
    { device: 'GPU of unit-000', joules: null, reason: 'NVML is missing' },
    { device: 'GPU-1', joules: null, shared: true, reason: 'not attributable: MIG is on' },
  ]);
});
