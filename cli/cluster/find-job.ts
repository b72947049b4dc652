import { BlockstillError } from '../../common/error.ts';
import { closest } from '../../crds/suggest.ts';
import { distillationJobs, type DistillationJobObject } from '../../operator/cluster/kube-objects.ts';
import { isApiError } from '../../operator/kube/api-error.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import type { Cluster } from './open-cluster.ts';

export interface ClusterToSearch extends Pick<Cluster, 'namespace'> {
  readonly client: Pick<KubeClient, 'get' | 'list'>;
}

/**
 * The job of this name.
 *
 * @throws BlockstillError `cluster/no-such-job`, which says what there is in its place
 */
export async function findJob(
  { client, namespace }: ClusterToSearch,
  name: string,
  { alsoSay, signal }: { readonly alsoSay?: string; readonly signal?: AbortSignal } = {},
): Promise<DistillationJobObject> {
  const job = await client.get(distillationJobs, { namespace, name }, { signal });
  if (job !== undefined) return job;
  const places = await visibleJobs({ client, namespace }, signal);
  throw new BlockstillError(
    'cluster/no-such-job',
    `There is no DistillationJob "${name}" in the namespace ${namespace}.`,
    { hint: [suggestion(name, namespace, places), alsoSay].filter(Boolean).join(' ') },
  );
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** Those that the user may see: everywhere, or in the namespace, or none. */
async function visibleJobs(
  { client, namespace }: ClusterToSearch,
  signal: AbortSignal | undefined,
): Promise<Place[]> {
  for (const where of [undefined, namespace]) {
    try {
      const { items } = await client.list(distillationJobs, { namespace: where, signal }, ({ metadata }) => ({
        namespace: metadata.namespace ?? '',
        name: metadata.name ?? '',
      }));
      return items;
    } catch (error) {
      if (!isApiError(error, 'Forbidden')) throw error;
    }
  }
  return [];
}

function suggestion(name: string, namespace: string, places: readonly Place[]): string {
  const here = places.filter((place) => place.namespace === namespace).map((place) => place.name);
  const similar = closest(name, here);
  if (similar !== undefined) return `Did you mean ${similar}?`;
  const elsewhere = places.filter((place) => place.name === name).map((place) => place.namespace);
  if (elsewhere.length > 0) return `There is one in ${elsewhere.join(', ')}: say so with -n.`;
  return here.length === 0
    ? 'That namespace has none; kubectl blockstill list -A shows all.'
    : `There ${here.length === 1 ? 'is' : 'are'} ${shortened(here)}.`;
}

const shown = 5;

function shortened(names: readonly string[]): string {
  const sorted = names.toSorted();
  if (sorted.length <= shown) return sorted.join(', ');
  return `${sorted.slice(0, shown).join(', ')} and ${sorted.length - shown} more`;
}
