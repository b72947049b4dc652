import type { CompiledSpec } from '../../crds/compiled-job.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { Observed, Run } from '../decide/observed.ts';
import type { CallOptions } from '../kube/client.ts';
import type { ChildPod } from './children.ts';
import type { DcgmExporters } from './dcgm-exporters.ts';
import type { NodeLabels } from './node-labels.ts';
import { resourcesOf } from './render-pod.ts';
import { withSharing } from './with-sharing.ts';

export interface OutsideSources {
  readonly labels: Pick<NodeLabels, 'of'>;
  /** Undefined where no exporter is to be asked. */
  readonly exporters: Pick<DcgmExporters, 'observe' | 'forget'> | undefined;
}

export interface JobToLookAt {
  readonly uid: string;
  readonly runs: readonly Run[];
  readonly pods: readonly ChildPod[];
  readonly spec: Pick<CompiledSpec, 'resources'>;
}

/** What the cluster says of the GPUs of a job that no worker can see: whether they are shared, and what all of a node draw. */
export class OutsideView {
  readonly #sources: OutsideSources;

  constructor(sources: OutsideSources) {
    this.#sources = sources;
  }

  async look(
    { uid, runs, pods, spec }: JobToLookAt,
    call: CallOptions,
  ): Promise<Pick<Observed, 'runs' | 'nodeWide'>> {
    const { labels, exporters } = this.#sources;
    const resourceName = (stage: Stage): string => resourcesOf(spec, stage).gpu.resourceName;
    const joined = await withSharing(runs, { labels, resourceName }, call);
    if (exporters === undefined) return { runs: joined };
    return { runs: joined, nodeWide: exporters.observe(uid, gpuNodes(runs, pods)) };
  }

  /** The job is over or gone. */
  forget(uid: string): void {
    this.#sources.exporters?.forget(uid);
  }
}

/** The addresses of nodes on which units have a GPU, or had one, by name. */
function gpuNodes(runs: readonly Run[], pods: readonly ChildPod[]): ReadonlyMap<string, string> {
  const names = new Set(runs.flatMap(({ device, node }) => (device === 'GPU' ? (node ?? []) : [])));
  return new Map(
    pods.flatMap(({ node, hostAddress }) =>
      node === undefined || hostAddress === undefined || !names.has(node) ? [] : [[node, hostAddress]],
    ),
  );
}
