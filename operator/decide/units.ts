import type { DistillationJobStatus } from '../../crds/status.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { UnitToCreate } from './decision.ts';
import type { Backoff, CommittedResult, Observed, ObservedAttempt, Prepared, Run } from './observed.ts';
import { runsOf } from './runs.ts';

/** Attempts that end before their worker could do anything cost no retry, but a cluster in which all do is no use. */
const mostHaplessAttempts = 10;

/** A folder in the exchange, and what is trained there. */
export interface Unit {
  readonly name: string;
  readonly stage: Stage;
  readonly index: number;
  readonly blocks: readonly string[];
}

export type UnitState =
  | { readonly kind: 'Waiting'; readonly notBefore: Date | undefined }
  | { readonly kind: 'Active'; readonly attempt: ObservedAttempt }
  | { readonly kind: 'Done'; readonly result: CommittedResult }
  /** Exit code 64: every further attempt would end the same way. */
  | { readonly kind: 'Invalid'; readonly message: string }
  /** Failed once more than `backoffLimit` allows. */
  | { readonly kind: 'Exhausted'; readonly message: string };

export interface UnitView extends Unit {
  /** Without superseded ones. */
  readonly attempts: readonly ObservedAttempt[];
  readonly nextNumber: number;
  /** Their pods or processes, also of attempts that are gone; in order. */
  readonly runs: readonly Run[];
  /** Attempts that it has had and of which nothing is known any more. */
  readonly gone: number;
  readonly state: UnitState;
}

const prepareUnit = { name: 'prepare', stage: 'Prepare', index: 0, blocks: [] } satisfies Unit;
const finetuneUnit = { name: 'finetune', stage: 'Finetune', index: 0, blocks: [] } satisfies Unit;

/** The units of the distill stage, in the plan's order. */
export function distillUnits({ units }: Pick<Prepared, 'units'>): Unit[] {
  return units.map((blocks, index) => ({
    name: `unit-${String(index).padStart(3, '0')}`,
    stage: 'Distill',
    index,
    blocks,
  }));
}

/** The serial run of all blocks. */
export function baselineUnit({ units }: Pick<Prepared, 'units'>): Unit {
  return { name: 'baseline', stage: 'Baseline', index: 0, blocks: units.flat() };
}

export interface UnitViews {
  readonly prepare: UnitView;
  /** Undefined until prepare has committed, and where none is asked for. */
  readonly baseline: UnitView | undefined;
  /** Empty until prepare has committed. */
  readonly distill: readonly UnitView[];
  readonly finetune: UnitView;
}

/** The units of the job with what is known of each. */
export function viewUnits(observed: Observed): UnitViews {
  const view = (unit: Unit): UnitView => {
    const all = observed.attempts.filter((attempt) => attempt.unit === unit.name);
    const attempts = all
      .filter(({ superseded }) => superseded !== true)
      .toSorted((a, b) => a.number - b.number);
    // What was deleted in between has been counted in the status.
    const count = Math.max(attemptsCounted(observed.previous, unit), ...all.map(({ number }) => number));
    const wasDone = attempts.some(({ unheard }) => unheard) || isCalledDone(observed.previous, unit);
    const runs = runsOf(unit.name, attempts, observed);
    const known = new Set([...all.map(({ number }) => number), ...runs.map(({ attempt }) => attempt)]);
    const gone = Math.max(0, count - known.size);
    const state = stateOf(attempts, wasDone, observed);
    return { ...unit, attempts, nextNumber: count + 1, runs, gone, state };
  };
  const { prepared, policy } = observed;
  const isMeasured = prepared !== undefined && policy.baseline?.mode === 'Measure';
  return {
    prepare: view(prepareUnit),
    baseline: isMeasured ? view(baselineUnit(prepared)) : undefined,
    distill: prepared === undefined ? [] : distillUnits(prepared).map(view),
    finetune: view(finetuneUnit),
  };
}

/** Every unit that there is, in the order in which they start. */
export function allUnits({ prepare, baseline, distill, finetune }: UnitViews): readonly UnitView[] {
  return [prepare, ...(baseline === undefined ? [] : [baseline]), ...distill, finetune];
}

/** How many attempts a status says that a unit has had. */
export function attemptsCounted(status: DistillationJobStatus | undefined, { stage, blocks }: Unit): number {
  if (stage === 'Prepare') return status?.attempts?.prepare ?? 0;
  if (stage === 'Baseline') return status?.baseline?.attempts ?? 0;
  if (stage === 'Finetune') return status?.attempts?.finetune ?? 0;
  return status?.blocks?.find(({ name }) => name === blocks[0])?.attempts ?? 0;
}

/** Whether a status says that the blocks of a unit have come to something. */
function isCalledDone(status: DistillationJobStatus | undefined, { stage, blocks }: Unit): boolean {
  if (stage !== 'Distill') return false;
  const block = status?.blocks?.find(({ name }) => name === blocks[0]);
  return block?.state === 'Distilled' || block?.state === 'Collapsed';
}

/**
 * A committed result ends a unit, whatever the exit code says and whatever else is still running. Where it is known to be
 * there and what was said of it is lost, attempts only ask for it, and their failures say nothing of the unit.
 */
function stateOf(attempts: readonly ObservedAttempt[], wasDone: boolean, observed: Observed): UnitState {
  const committed = attempts.find((attempt) => attempt.result !== undefined);
  if (committed?.result !== undefined) return { kind: 'Done', result: committed.result };
  const active = attempts.findLast(isActive);
  if (active !== undefined) return { kind: 'Active', attempt: active };
  const counted = attempts.filter((attempt) => isCounted(attempt, observed));
  const failures = wasDone ? [] : counted.filter(hasFailed);
  const last = failures.at(-1);
  if (last !== undefined) {
    const message = last.message ?? `Attempt ${last.number} failed without saying why.`;
    if (failures.some((attempt) => attempt.exitCode === 64)) return { kind: 'Invalid', message };
    if (failures.length > observed.policy.backoffLimit) return { kind: 'Exhausted', message };
  }
  const hapless = counted.filter((attempt) => attempt.hapless === true || (wasDone && hasFailed(attempt)));
  if (hapless.length > mostHaplessAttempts) {
    const why = hapless.at(-1)?.message ?? 'no reason given';
    const what = wasDone
      ? 'attempts did not bring its result, which is in the exchange'
      : 'attempts never got to work';
    return { kind: 'Exhausted', message: `${hapless.length} ${what}: ${why}` };
  }
  return { kind: 'Waiting', notBefore: earliestNextAttempt(counted, observed.backoff) };
}

/** Of the present try, with what workers are given now. */
function isCounted(attempt: ObservedAttempt, { retry, revision = 0 }: Observed): boolean {
  return attempt.retry >= retry && (attempt.revision ?? 0) >= revision;
}

function hasFailed({ state }: ObservedAttempt): boolean {
  return state === 'Failed';
}

/** Nothing more comes of it. */
export function isSettled({ state }: UnitView): boolean {
  return state.kind === 'Done' || state.kind === 'Exhausted' || state.kind === 'Invalid';
}

export function isActive(attempt: ObservedAttempt): boolean {
  return attempt.state === 'Pending' || attempt.state === 'Running';
}

/** Exponential back-off, for interruptions too: a worker that is always stopped at once must not spin. */
function earliestNextAttempt(attempts: readonly ObservedAttempt[], backoff: Backoff): Date | undefined {
  const ended = attempts.at(-1)?.endTime;
  if (ended === undefined) return undefined;
  const seconds = Math.min(backoff.baseSeconds * 2 ** (attempts.length - 1), backoff.maximumSeconds);
  return new Date(ended.getTime() + seconds * 1000);
}

export function isDue({ state }: UnitView, now: Date): boolean {
  return state.kind === 'Waiting' && (state.notBefore === undefined || state.notBefore <= now);
}

export function nextAttempt({ name, stage, index, nextNumber }: UnitView): UnitToCreate {
  return { unit: name, stage, index, attemptNumber: nextNumber };
}
