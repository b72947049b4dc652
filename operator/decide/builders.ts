/** Observed jobs for table tests: a case says only what matters to it. */
import type { Digest } from '../../common/digest.ts';
import { unknownReading } from '../../worker/contract/energy-reading.ts';
import type { Plan, Profile } from '../../worker/contract/plan.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type {
  BaselineResult,
  DistillResult,
  FinetuneResult,
  PrepareResult,
  UnitResult,
} from '../../worker/contract/unit-result.ts';
import type { Observed, ObservedAttempt, Prepared, Run } from './observed.ts';

/** `09:00:00` of the day on which all tests take place, plus seconds. */
export function at(seconds: number): Date {
  return new Date(Date.UTC(2026, 0, 1, 9) + seconds * 1000);
}

const digest: Digest = `sha256:${'0'.repeat(64)}`;
const accuracy = { value: 0.9, samples: 100, standardError: 0.03, measure: 'Top1' } as const;

/** Kept blocks stand before the planned ones, unless `change.candidates` says otherwise. */
export function aPlan(blocks: readonly string[] = ['a', 'b', 'c'], change: Partial<Plan> = {}): Plan {
  const cost = { parameters: 1000, macs: 10_000 };
  return {
    version: 1,
    specDigest: digest,
    seed: 0,
    batchSize: 10,
    teacher: {
      path: 'teacher',
      digest,
      cost: { parameters: 10_000, macs: 100_000 },
      inputShape: [8, 8, 1],
      outputShape: [10],
      accuracy: { validation: accuracy, test: null, reason: 'there is no test data' },
    },
    dataset: { path: 'data', digest, classes: 10, samples: { train: 100, validation: 10, test: null } },
    boundaries: [...blocks],
    blocks: blocks.map((name) => ({
      name,
      layers: [`${name}_conv`, `${name}_relu`],
      input: 'input',
      output: name,
      inputShape: [8, 8, 4],
      outputShape: [8, 8, 4],
      meanSquare: 1,
      teacher: cost,
      replacement: { parameters: 300, macs: 3000 },
    })),
    kept: [],
    candidates: [...(change.kept ?? []).map(({ name }) => name), ...blocks],
    threads: { prepare: 1, distill: 1 },
    warnings: [],
    ...change,
  };
}

/** Training steps of 1, 2, 3 ... seconds, and a teacher that costs nothing; one unit a block. */
export function prepared(
  plan: Plan = aPlan(),
  change: Partial<Profile> = {},
  units: Prepared['units'] = plan.blocks.map(({ name }) => [name]),
): Prepared {
  const profile: Profile = {
    version: 1,
    device: 'CPU',
    teacherSeconds: 1,
    blocks: plan.blocks.map(({ name }, index) => ({ name, stepSeconds: index + 1, prefixSeconds: 0 })),
    warnings: [],
    ...change,
  };
  return { plan, profile, units, reference: { path: 'prepare/attempt-001/plan.json', digest } };
}

/** A job that has been prepared, unless `change` says otherwise. */
export function anObserved(
  attempts: readonly ObservedAttempt[] = [],
  change: Partial<Observed> = {},
): Observed {
  const preparedJob = prepared();
  return {
    generation: 1,
    policy: { onUnitFailure: 'Fail', backoffLimit: 3 },
    // 100 samples in batches of 10: ten steps.
    training: {
      epochs: 1,
      batchSize: 10,
      passes: 1,
      cache: { sessionBytes: 1e9, diskBytes: 0 },
      finetuneEpochs: 0,
    },
    prepared: preparedJob,
    attempts: [
      done('prepare', prepareResult(), { stage: 'Prepare', startTime: at(-10), endTime: at(0) }),
      ...attempts,
    ],
    retry: 0,
    capacity: 8,
    backoff: { baseSeconds: 10, maximumSeconds: 300 },
    suspensions: [],
    ...change,
  };
}

/** A job of which nothing has been done. */
export function anUnpreparedJob(
  attempts: readonly ObservedAttempt[] = [],
  change: Partial<Observed> = {},
): Observed {
  const { prepared: _, ...rest } = anObserved();
  return { ...rest, attempts, ...change };
}

const loneStages: Readonly<Record<string, Stage>> = { prepare: 'Prepare', baseline: 'Baseline' };

/** An attempt that runs since the day began. */
export function running(unit: string, change: Partial<ObservedAttempt> = {}): ObservedAttempt {
  return {
    unit,
    stage: unit.startsWith('unit-') ? 'Distill' : (loneStages[unit] ?? 'Finetune'),
    id: `${unit}-${change.number ?? 1}`,
    number: 1,
    retry: 0,
    state: 'Running',
    startTime: at(0),
    ...change,
  };
}

export function failed(unit: string, change: Partial<ObservedAttempt> = {}): ObservedAttempt {
  return running(unit, { state: 'Failed', endTime: at(10), exitCode: 1, message: 'It broke.', ...change });
}

/** The pod of an attempt. */
export function podOf(attempt: ObservedAttempt, change: Partial<Run> = {}): Run {
  const { unit, number, id, device, node, startTime, endTime } = attempt;
  return {
    unit,
    attempt: number,
    name: `${id}-pod`,
    device,
    node,
    start: startTime,
    end: endTime,
    ...change,
  };
}

function done(unit: string, value: UnitResult, change: Partial<ObservedAttempt> = {}): ObservedAttempt {
  const result = { value, reference: { path: `${unit}/attempt-001/result.json`, digest } };
  return running(unit, { state: 'Succeeded', endTime: at(10), exitCode: 0, result, ...change });
}

/** Of a processor that shows no counter. */
export const unmetered = unknownReading({ device: 'CPU', kind: 'CPU' }, 'no meter');

const common = {
  version: 1,
  jobUid: 'job',
  attempt: 'attempt-001',
  specDigest: digest,
  platform: {
    device: 'CPU',
    deviceName: 'CPU',
    tensorflow: '2.20.0',
    threads: 1,
    precision: 'Float32',
    reproducible: true,
  },
  startTime: at(0).toISOString(),
  completionTime: at(10).toISOString(),
  seconds: 10,
  energy: [unmetered],
} as const;

function prepareResult(): PrepareResult {
  const artifact = { path: 'plan.json', bytes: 1, digest };
  return { ...common, unit: 'prepare', stage: 'Prepare', plan: artifact, profile: artifact, artifacts: [] };
}

export function distilled(
  unit: string,
  block: string,
  change: Partial<DistillResult['blocks'][number]> = {},
): ObservedAttempt {
  return done(unit, {
    ...common,
    unit,
    stage: 'Distill',
    planDigest: digest,
    activations: 'Memory',
    sharedSeconds: 0,
    blocks: [
      {
        name: block,
        state: 'Distilled',
        trainings: 1,
        epochs: 1,
        stopReason: 'Finished',
        loss: 0.0123456,
        unexplainedVariance: 0.0456789,
        score: { ...accuracy, value: 0.88 },
        history: [],
        seconds: 9.87654,
        weights: { path: 'weights', bytes: 1, digest },
        ...change,
      },
    ],
  });
}

/** The serial run of three blocks, from one second of the day to another. */
export function measured(
  [start, end]: readonly [number, number] = [0, 60],
  change: Partial<BaselineResult> = {},
): ObservedAttempt {
  const value: BaselineResult = {
    ...common,
    startTime: at(start).toISOString(),
    completionTime: at(end).toISOString(),
    unit: 'baseline',
    stage: 'Baseline',
    planDigest: digest,
    activations: 'Memory',
    sharedSeconds: 0,
    blocks: [],
    ...change,
  };
  return done('baseline', value, { startTime: at(start), endTime: at(end) });
}

export function collapsed(unit: string, block: string): ObservedAttempt {
  return distilled(unit, block, { state: 'Collapsed', reason: 'unexplained variance is 1.3', weights: null });
}

export function finetuned(change: Partial<FinetuneResult> = {}): ObservedAttempt {
  const accuracies = {
    validation: { ...accuracy, value: 0.89 },
    test: null,
    reason: 'there is no test data',
  };
  return done('finetune', {
    ...common,
    unit: 'finetune',
    stage: 'Finetune',
    planDigest: digest,
    blocks: [
      { name: 'a', replaced: true, scoreDrop: 0.02 },
      { name: 'b', replaced: true, scoreDrop: 0.02 },
      { name: 'c', replaced: false, reason: 'its score drops by more than 0.05', scoreDrop: 0.2 },
    ],
    teacher: { cost: { parameters: 10_000, macs: 100_000 }, accuracy: accuracies, latency: [] },
    student: {
      cost: { parameters: 5000, macs: 40_000 },
      stages: [{ stage: 'Stitched', accuracy: accuracies }],
      chosen: 'Stitched',
      latency: [{ batchSize: 1, milliseconds: 1.23456, repeats: 50 }],
      digest,
      uri: 'file:///student',
    },
    accepted: true,
    history: [],
    artifacts: [],
    ...change,
  });
}
