import type { Stage } from '../../worker/contract/primitives.ts';
import type { GpuSharing, ObservedAttempt } from '../decide/observed.ts';
import type { CallOptions } from '../kube/client.ts';
import { sharingByLabels, sharingByName, type GpuOfPod } from './gpu-sharing.ts';
import type { NodeLabels } from './node-labels.ts';

export interface SharingSources {
  readonly labels: Pick<NodeLabels, 'of'>;
  /** Which resource the pods of a stage are given as their GPU. */
  readonly resourceName: (stage: Stage) => string;
}

/** The attempts, those on a GPU with what the cluster says of it: which one it is comes out only when a pod is bound. */
export async function withSharing(
  attempts: readonly ObservedAttempt[],
  { labels, resourceName }: SharingSources,
  call: CallOptions,
): Promise<readonly ObservedAttempt[]> {
  return await Promise.all(
    attempts.map(async (attempt) => {
      const { device, node, stage } = attempt;
      if (device !== 'GPU' || node === undefined) return attempt;
      const gpu = { node, resourceName: resourceName(stage) };
      return { ...attempt, sharing: sharingByName(gpu) ?? (await sharingOnNode(gpu, labels, call)) };
    }),
  );
}

async function sharingOnNode(
  gpu: GpuOfPod,
  labels: SharingSources['labels'],
  call: CallOptions,
): Promise<GpuSharing> {
  const answer = await labels.of(gpu.node, call);
  return 'labels' in answer
    ? sharingByLabels(gpu, answer.labels)
    : { kind: 'Unknown', reason: answer.unknown };
}
