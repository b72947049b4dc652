import { BlockstillError } from '../../common/error.ts';
import { loadKubeConfig } from '../../operator/kube/kube-config.ts';
import { distillationJobs } from '../../operator/cluster/kube-objects.ts';
import type { KubeObject, Resource } from '../../operator/kube/resource.ts';
import { loneUnitsOf } from '../cluster/lone-unit.ts';
import type { Cluster, ClusterOptions } from '../cluster/open-cluster.ts';
import type { Candidate, Context, Source, Sources } from './complete.ts';

const namespaces: Resource = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};

export interface SourcesOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  open(options: ClusterOptions): Cluster & AsyncDisposable;
}

/** Manifests can be completed where there is no cluster. */
async function withoutCluster(source: Source, context: Context): Promise<readonly Candidate[]> {
  try {
    return (await source(context)).candidates;
  } catch (error) {
    if (error instanceof BlockstillError) return [];
    throw error;
  }
}

function clusterOptions({ options }: Context): ClusterOptions {
  const [namespace, context] = [options.get('namespace'), options.get('context')];
  return { namespace, context, kubeconfig: options.get('kubeconfig') };
}

const files: Source = async () => await Promise.resolve({ candidates: [], files: true });

/** What the arguments and values of the command line stand for: files, and what there is in the cluster they name. */
export function completionSources({ environment, signal, open }: SourcesOptions): Sources {
  const inCluster = (
    source: (cluster: Cluster, context: Context) => Promise<readonly Candidate[]>,
  ): Source => {
    return async (context) => {
      await using cluster = open(clusterOptions(context));
      return { candidates: await source(cluster, context), files: false };
    };
  };
  const jobs = inCluster(async ({ client, namespace }) => {
    const { items } = await client.list(distillationJobs, { namespace, signal });
    return items.map(({ metadata, status }) => ({ value: metadata.name ?? '', description: status?.phase }));
  });
  return {
    manifest: files,
    file: files,
    folder: files,
    job: jobs,
    'job|manifest': async (context) => ({ candidates: await withoutCluster(jobs, context), files: true }),
    block: inCluster(async ({ client, namespace }, { positional }) => {
      const [name] = positional;
      if (name === undefined) return [];
      const job = await client.get(distillationJobs, { namespace, name }, { signal });
      const blocks = (job?.status?.blocks ?? []).filter(({ state }) => state !== 'Kept');
      const candidates = blocks.map((block) => ({
        value: block.name,
        description: block.state.toLowerCase(),
      }));
      const [prepare, ...others] = loneUnitsOf(job?.status).map((value) => ({ value }));
      return [...(prepare === undefined ? [] : [prepare]), ...candidates, ...others];
    }),
    namespace: inCluster(async ({ client }) => {
      const { items } = await client.list(namespaces, { signal });
      return items.map(({ metadata }: KubeObject) => ({ value: metadata.name ?? '' }));
    }),
    context: async ({ options }) => {
      const config = loadKubeConfig({ environment, kubeconfig: options.get('kubeconfig') });
      return await Promise.resolve({
        candidates: config.getContexts().map(({ name, cluster }) => ({ value: name, description: cluster })),
        files: false,
      });
    },
  };
}
