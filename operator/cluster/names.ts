import type { Stage } from '../../worker/contract/primitives.ts';

/** Labels of all children of a DistillationJob, on Jobs and on their pods. Set by the operator, read by it and by users. */
export const labels = {
  name: 'app.kubernetes.io/name',
  managedBy: 'app.kubernetes.io/managed-by',
  /** The UID of the DistillationJob. */
  jobUid: 'blockstill.dev/job-uid',
  /** Its name, for people: `kubectl get pods -l blockstill.dev/job-name=mnist`. */
  jobName: 'blockstill.dev/job-name',
  /** `prepare`, `baseline`, `distill` or `finetune`. */
  stage: 'blockstill.dev/stage',
  /** The position of a distill unit in the plan; 0 for the other stages. */
  unit: 'blockstill.dev/unit',
  /** Counts from 1 for each unit. */
  attempt: 'blockstill.dev/attempt',
  /** `spec.retry` when the attempt was made. */
  retry: 'blockstill.dev/retry',
  /** The revision of the accepted spec that it was rendered from. */
  revision: 'blockstill.dev/revision',
} as const;

export const annotations = {
  /** The blocks of a distill unit, comma-separated: names of layers are no label values. */
  blocks: 'blockstill.dev/blocks',
  /** What the unit's pod said when it had committed: kept by the Job when the pod is gone. */
  result: 'blockstill.dev/result',
  /** How its worker failed, as JSON: so that it is not forgotten with the pod, and the unit tried more often than allowed. */
  failure: 'blockstill.dev/failure',
} as const;

export const labelValues = { name: 'blockstill-worker', managedBy: 'blockstill' } as const;

/** Copied from the DistillationJob to its Jobs: Kueue reads them, of each Job for itself. */
export const queueLabels = [
  'kueue.x-k8s.io/queue-name',
  'kueue.x-k8s.io/priority-class',
  'kueue.x-k8s.io/max-exec-time-seconds',
] as const;

const letters = { Prepare: 'p', Baseline: 'b', Distill: 'u', Finetune: 'f' } as const satisfies Record<
  Stage,
  string
>;

/**
 * `<job>-<p|b|u|f><unit, 3 digits>-<attempt>`: a function of what is attempted, so that nothing is made twice. A job's name
 * has at most 40 characters, and pods add 6 to that of their Job.
 */
export function jobNameOf(
  job: string,
  { stage, index, attemptNumber }: { stage: Stage; index: number; attemptNumber: number },
): string {
  return `${job}-${letters[stage]}${String(index).padStart(3, '0')}-${attemptNumber}`;
}

export const stageLabels = {
  Prepare: 'prepare',
  Baseline: 'baseline',
  Distill: 'distill',
  Finetune: 'finetune',
} as const satisfies Record<Stage, string>;

export function stageOfLabel(value: string | undefined): Stage | undefined {
  return (Object.keys(stageLabels) as Stage[]).find((stage) => stageLabels[stage] === value);
}

/** The unit's folder in the exchange; also its name in statuses. */
export function unitNameOf(stage: Stage, index: number): string {
  return stage === 'Distill' ? `unit-${String(index).padStart(3, '0')}` : stageLabels[stage];
}

export function stageOfUnit(unit: string): Stage {
  return stageOfLabel(unit) ?? 'Distill';
}

/** The container of the worker in its pod. */
export const workerContainer = 'worker';
