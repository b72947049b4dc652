import { isApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import { kubeJobs } from './kube-objects.ts';
import { annotations } from './names.ts';
import type { Unrecorded } from './observe-attempts.ts';
import type { RecentWrites } from './recent-writes.ts';

export interface RecordOptions {
  readonly client: Pick<KubeClient, 'patch'>;
  readonly clock: Clock;
  readonly writes: RecentWrites;
}

/** A job whose units all end now needs no result noted down. Where a pod goes in the meantime, nothing is waited for. */
const recordResultAfterSeconds = 30;

/**
 * Notes down on each Job what its pod has said, or how it failed: a pod goes with its node, when the cluster grows smaller,
 * long before its Job does.
 *
 * @returns in how many seconds the next one is due
 */
export async function recordResults(
  { client, clock, writes }: RecordOptions,
  unrecorded: readonly Unrecorded[],
  signal: AbortSignal,
): Promise<number | undefined> {
  const now = clock.now().getTime();
  const open = unrecorded
    .filter(({ job }) => !writes.isRecorded(job))
    .map((each) => ({ ...each, wait: secondsToWait(each, now) }));
  const due = open.filter(({ wait }) => wait <= 0);
  await Promise.all(due.map(async (result) => await record({ client, writes }, result, signal)));
  const next = Math.min(...open.filter(({ wait }) => wait > 0).map(({ wait }) => wait));
  return next === Infinity ? undefined : next;
}

/** Failures are rare, and how often a unit is tried depends on them. */
function secondsToWait({ kind, since, isPodGoing }: Unrecorded, now: number): number {
  if (kind === 'failure' || isPodGoing) return 0;
  return recordResultAfterSeconds - (now - since.getTime()) / 1000;
}

async function record(
  { client, writes }: Pick<RecordOptions, 'client' | 'writes'>,
  { job, kind, text }: Unrecorded,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace, uid } = job.metadata;
  // With its UID, so that no other Job of the name is meant.
  const metadata = { uid, annotations: { [annotations[kind]]: text } };
  try {
    const patch = { type: 'Merge', body: { metadata } } as const;
    await client.patch(kubeJobs, { namespace, name }, { patch, signal });
    writes.recorded(job);
  } catch (error) {
    if (!isApiError(error, 'NotFound', 'Conflict')) throw error;
  }
}
