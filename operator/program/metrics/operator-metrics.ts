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
  unitCreated(stage: Stage): void;
  unitAttemptFailed(stage: Stage, reason: AttemptFailure): void;
  statusWritten(result: StatusWriteResult): void;
  /** Seconds since a watch was last heard of, asked for with each scrape. */
  watchAge(resource: string, seconds: () => number): void;
}
