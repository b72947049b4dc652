import type { Stage } from '../../worker/contract/primitives.ts';
import type { GpuSharing, Run } from '../decide/observed.ts';
import type { CallOptions } from '../kube/client.ts';
import { sharingByLabels, sharingByName, type GpuOfPod } from './gpu-sharing.ts';
import { stageOfUnit } from './names.ts';
import type { NodeLabels } from './node-labels.ts';

export interface SharingSources {
  readonly labels: Pick<NodeLabels, 'of'>;
  /** Which resource the pods of a stage are given as their GPU. */
  readonly resourceName: (stage: Stage) => string;
}

/**
 * The runs, those on a GPU with what the cluster says of it: which one it is comes out only when a pod is bound. What was
 * known of one that has ended stays, since its node may be another one by now.
 */
export async function withSharing(
  runs: readonly Run[],
  { labels, resourceName }: SharingSources,
  call: CallOptions,
): Promise<readonly Run[]> {
  return await Promise.all(
    runs.map(async (run) => {
      const { device, node, unit, sharing, end } = run;
      if (device !== 'GPU' || node === undefined) return run;
      const gpu = { node, resourceName: resourceName(stageOfUnit(unit)) };
      const now = sharingByName(gpu) ?? (await sharingOnNode(gpu, labels, call));
      const wasKnown = end !== undefined && sharing !== undefined && sharing.kind !== 'Unknown';
      return { ...run, sharing: wasKnown && sharing.kind !== now.kind ? sharing : now };
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
