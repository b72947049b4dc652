import { isApiError } from '../kube/api-error.ts';
import type { KubeClient } from '../kube/client.ts';
import { kubeJobs } from './kube-objects.ts';
import { annotations } from './names.ts';
import type { ObservedAttempts } from './observe-attempts.ts';
import type { RecentWrites } from './recent-writes.ts';

/**
 * Notes down on each Job what its pod has said: a pod goes with its node, when the cluster grows smaller, long before its
 * Job does.
 */
export async function recordResults(
  { client, writes }: { client: Pick<KubeClient, 'patch'>; writes: RecentWrites },
  unrecorded: ObservedAttempts['unrecorded'],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    unrecorded.map(async ({ job, text }) => {
      if (writes.isRecorded(job)) return;
      const { name, namespace, uid } = job.metadata;
      // With its UID, so that no other Job of the name is meant.
      const metadata = { uid, annotations: { [annotations.result]: text } };
      try {
        const patch = { type: 'Merge', body: { metadata } } as const;
        await client.patch(kubeJobs, { namespace, name }, { patch, signal });
        writes.recorded(job);
      } catch (error) {
        if (!isApiError(error, 'NotFound', 'Conflict')) throw error;
      }
    }),
  );
}
