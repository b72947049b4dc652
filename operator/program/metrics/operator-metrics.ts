import type { Stage } from '../../../worker/contract/primitives.ts';
import type { RequestObserver } from '../../kube/request.ts';
import type { WorkQueueObserver } from '../../kube/work-queue.ts';

export const reconcileResults = ['success', 'error', 'requeue', 'requeue_after'] as const;
/** How a reconcile ended, in the words of controller-runtime. */
export type ReconcileResult = (typeof reconcileResults)[number];

export const attemptFailures = [
  'BadInput',
  'Failed',
  'OutOfMemory',
  'Disrupted',
  'Interrupted',
  'NotStarted',
  'Lost',
] as const;
/**
 * Why an attempt at a unit ended without a result. `BadInput`: exit code 64. `Disrupted`: evicted or preempted.
 * `Interrupted`: exit code 75. `NotStarted`: no container ran. `Lost`: pod or node gone, or a success without a result.
 */
export type AttemptFailure = (typeof attemptFailures)[number];

export const statusWriteResults = ['written', 'conflict', 'error'] as const;
/** `conflict`: somebody has changed the resource since, so it is looked at again. */
export type StatusWriteResult = (typeof statusWriteResults)[number];

export type ByStage = Readonly<Partial<Record<Stage, number>>>;

/** Attempts at units that have not ended. */
export interface UnitCounts {
  /** Those whose worker runs. */
  readonly running: ByStage;
  /** Those that have no running worker: they wait for quota, a node, a device, an image or a volume. */
  readonly waiting: ByStage;
  /** How long the one that has waited for longest has done so. */
  readonly longestWaitSeconds: ByStage;
}

/** What the operator counts and measures. Labels are closed lists: no metric grows with the number of jobs. */
export interface OperatorMetrics {
  /** For the clients. */
  readonly requests: RequestObserver;
  /** For a work queue, to be called once a queue. */
  workQueue(name: string): WorkQueueObserver;
  /** A reconcile has begun; call the answer when it has ended. */
  reconcileStarted(controller: string): (result: ReconcileResult) => void;
  leading(lease: string, leads: boolean): void;
  /** Jobs by phase, asked for with each scrape; the last one given counts. */
  countJobs(count: () => Readonly<Partial<Record<string, number>>>): void;
  /** Attempts at units, asked for with each scrape; before it is called nothing is known of them. */
  countUnits(count: () => UnitCounts): void;
  unitCreated(stage: Stage): void;
  unitAttemptFailed(stage: Stage, reason: AttemptFailure): void;
  statusWritten(result: StatusWriteResult): void;
  /** Seconds since a watch was last heard of, asked for with each scrape. */
  watchAge(resource: string, seconds: () => number): void;
}
