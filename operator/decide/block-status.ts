import type { BlockStatus } from '../../crds/status.ts';
import type { Accuracy } from '../../worker/contract/primitives.ts';
import type { FinetuneFacts, PlanFacts } from '../../worker/contract/unit-facts.ts';
import type { BlockLatency, PeakMemory } from '../../worker/contract/unit-result.ts';
import { significant } from '../accounting/significant.ts';
import type { JobEnergy } from './energy.ts';
import type { Observed } from './observed.ts';
import { clip } from './text.ts';
import type { UnitView, UnitViews } from './units.ts';

const maxBlocks = 128;

/** An entry for every planned block and for those that are kept as they are, in the network's order. */
export function blockStatuses(
  units: UnitViews,
  { prepared, previous }: Observed,
  { account, partly }: Pick<JobEnergy, 'account' | 'partly'>,
): BlockStatus[] {
  if (prepared === undefined) return [];
  const stitched = finetuneResult(units);
  const joules = new Map(account.units.map((unit) => [unit.name, unit.joules]));
  const untold = new Map(partly.map(({ name, attempts }) => [name, attempts]));
  const earlier = new Map(previous?.blocks?.map((block) => [block.name, block]));
  const planned = units.distill.flatMap((unit) =>
    unit.blocks.flatMap((name) => {
      const block = prepared.plan.blocks.find((candidate) => candidate.name === name);
      return block === undefined
        ? []
        : [
            plannedStatus(block, unit, {
              stitched,
              previous: earlier.get(name),
              joules: joules.get(unit.name),
              untold: untold.get(unit.name),
            }),
          ];
    }),
  );
  // What is worked on is always shown; of what is kept, as much as there is room for.
  const kept = prepared.plan.kept
    .slice(0, Math.max(0, maxBlocks - planned.length))
    .map((block): BlockStatus => ({
      name: block.name,
      layers: layersText(block.layers),
      state: 'Kept',
      replaced: false,
      reason: clip(block.reason, 256),
    }));
  const order = new Map(prepared.plan.candidates.map((name, position) => [name, position]));
  const positionOf = ({ name }: BlockStatus): number => order.get(name) ?? 0;
  return [...planned, ...kept].toSorted((a, b) => positionOf(a) - positionOf(b));
}

/** What is known of a block beside its unit. */
interface Known {
  readonly stitched: FinetuneFacts | undefined;
  readonly previous: BlockStatus | undefined;
  /** Of its unit. */
  readonly joules: number | undefined;
  /** How many attempts at it are not in that. */
  readonly untold: number | undefined;
}

function plannedStatus(
  block: PlanFacts['blocks'][number],
  unit: UnitView,
  { stitched, previous, joules, untold }: Known,
): BlockStatus {
  const swap = stitched?.blocks.find(({ name }) => name === block.name);
  const node = unit.runs.findLast((run) => run.node !== undefined)?.node ?? previous?.node;
  const before = previous?.startTime === undefined ? undefined : new Date(previous.startTime);
  const started = earliest([before, ...unit.runs.map(({ start }) => start)]);
  return {
    name: block.name,
    layers: layersText(block.layers),
    unit: unit.name,
    attempts: unit.nextNumber - 1,
    ...(untold === undefined ? {} : { reason: untoldReason(untold) }),
    ...(cameTo(previous, unit) ?? madeOf(swap, unit) ?? trainingStatus(block.name, unit)),
    // Nobody can tell what each of several blocks has drawn that share a teacher's pass.
    ...(joules === undefined || untold !== undefined || unit.state.kind !== 'Done' || unit.blocks.length > 1
      ? {}
      : { joules: significant(joules) }),
    ...(node === undefined ? {} : { node }),
    ...(started === undefined ? {} : { startTime: started.toISOString() }),
    ...(swap === undefined ? {} : { replaced: swap.replaced }),
    ...(swap?.reason === undefined ? {} : { reason: clip(swap.reason, 256) }),
  };
}

function untoldReason(attempts: number): string {
  const who = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  return `Its joules are unknown: nobody saw all that ${who} without a result drew.`;
}

/**
 * What a block has come to stays: where its result is lost, the next attempt only asks for it again. That attempt says
 * otherwise when it fails for good.
 */
function cameTo(previous: BlockStatus | undefined, { state }: UnitView): TrainingStatus | undefined {
  const ended = previous?.state === 'Distilled' || previous?.state === 'Collapsed';
  return ended && (state.kind === 'Waiting' || state.kind === 'Active') ? previous : undefined;
}

/** All that is left to say of a block when there is a student, and nothing else is known any more. */
function madeOf(
  swap: FinetuneFacts['blocks'][number] | undefined,
  { state }: UnitView,
): TrainingStatus | undefined {
  if (swap === undefined || state.kind !== 'Waiting') return undefined;
  return { state: swap.replaced || swap.scoreDrop !== null ? 'Distilled' : 'Failed' };
}

type TrainingStatus = Pick<BlockStatus, 'state'> & Partial<BlockStatus>;

function trainingStatus(name: string, { state }: UnitView): TrainingStatus {
  switch (state.kind) {
    case 'Waiting':
      return { state: 'Pending' };
    case 'Active': {
      const progress = state.attempt.progress?.blocks.find((block) => block.name === name);
      if (state.attempt.state === 'Pending') return { state: 'Pending' };
      if (progress === undefined) return { state: 'Running' };
      return {
        state: 'Running',
        progress: Math.floor((100 * Math.min(progress.step, progress.steps)) / progress.steps),
        ...(progress.loss === null ? {} : { loss: significant(progress.loss) }),
      };
    }
    case 'Invalid':
    case 'Exhausted':
      return { state: 'Failed', replaced: false, reason: clip(state.message, 256) };
    case 'Done':
      return doneStatus(name, state.result.value);
  }
}

function doneStatus(
  name: string,
  unitResult: Extract<UnitView['state'], { kind: 'Done' }>['result']['value'],
) {
  const unit = unitResult.stage === 'Distill' ? unitResult : undefined;
  const result = unit?.blocks.find((block) => block.name === name);
  if (result === undefined) return { state: 'Failed', reason: 'The result says nothing about it.' } as const;
  const { loss, unexplainedVariance, score, reason, latency } = result;
  return {
    state: result.state,
    progress: 100,
    seconds: significant(result.seconds),
    completionTime: unitResult.completionTime,
    ...(unitResult.platform.device === 'GPU' ? { gpu: clip(unitResult.platform.deviceName, 128) } : {}),
    ...(loss === null ? {} : { loss: significant(loss) }),
    ...(unexplainedVariance === null ? {} : { unexplainedVariance: significant(unexplainedVariance) }),
    ...(score === null ? {} : { score: roundedAccuracy(score) }),
    ...(latency ? { latency: roundedLatency(latency) } : {}),
    ...(unit?.peakMemory === undefined
      ? {}
      : { peakMemory: memoryStatus(unit.peakMemory, unit.platform.device) }),
    ...(result.state === 'Collapsed' ? { replaced: false } : {}),
    ...(reason === undefined ? {} : { reason: clip(reason, 256) }),
  } satisfies TrainingStatus;
}

function roundedLatency(latency: BlockLatency): BlockLatency {
  const { teacherMilliseconds, replacementMilliseconds } = latency;
  return {
    ...latency,
    teacherMilliseconds: significant(teacherMilliseconds),
    replacementMilliseconds: significant(replacementMilliseconds),
  };
}

function memoryStatus(
  { hostBytes, deviceBytes, reason }: PeakMemory,
  device: 'CPU' | 'GPU',
): NonNullable<BlockStatus['peakMemory']> {
  return {
    hostBytes,
    ...(deviceBytes === null ? {} : { deviceBytes }),
    // That a processor has no memory of a GPU goes without saying.
    ...(reason === undefined || device === 'CPU' ? {} : { reason: clip(reason, 512) }),
  };
}

export function roundedAccuracy(accuracy: Accuracy): Accuracy {
  const { value, standardError } = accuracy;
  return { ...accuracy, value: significant(value), standardError: significant(standardError) };
}

export function finetuneResult({ finetune: { state } }: UnitViews): FinetuneFacts | undefined {
  return state.kind === 'Done' && state.result.value.stage === 'Finetune' ? state.result.value : undefined;
}

function layersText(layers: readonly string[]): string {
  const [first = '', last = first] = [layers.at(0), layers.at(-1)];
  return clip(first === last ? first : `${first}..${last}`, 520);
}

export function earliest(dates: readonly (Date | undefined)[]): Date | undefined {
  return dates.filter((date) => date !== undefined).toSorted((a, b) => a.getTime() - b.getTime())[0];
}
