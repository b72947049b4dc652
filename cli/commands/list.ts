import { distillationJobs } from '../../operator/cluster/kube-objects.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import type { Cluster } from '../cluster/open-cluster.ts';
import { exitCodes } from '../exit-codes.ts';
import { jobList } from '../render/job-list.ts';
import type { CommandIo } from './cluster-status.ts';

export interface ListCommand {
  readonly allNamespaces: boolean;
  readonly output: 'text' | 'json';
}

/** `list`: the jobs of the namespace, or of all. As JSON, an array of name, namespace, creation time and status. */
export async function listCommand(
  { allNamespaces, output }: ListCommand,
  { client, namespace, clock }: Pick<Cluster, 'namespace' | 'clock'> & { client: Pick<KubeClient, 'list'> },
  { out, progress, signal }: CommandIo,
): Promise<number> {
  const where = allNamespaces ? undefined : namespace;
  const { items } = await client.list(distillationJobs, { namespace: where, signal });
  const key = ({ metadata }: (typeof items)[number]): string => `${metadata.namespace}/${metadata.name}`;
  const jobs = items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  if (output === 'json') {
    const shown = jobs.map(({ metadata, status }) => ({
      namespace: metadata.namespace,
      name: metadata.name,
      creationTimestamp: metadata.creationTimestamp,
      status,
    }));
    out.write(`${JSON.stringify(shown, undefined, 2)}\n`);
  } else if (jobs.length === 0) {
    // Not where a program looks for rows.
    progress.write(
      `There are no DistillationJobs in ${allNamespaces ? 'any namespace' : `the namespace ${namespace}`}.\n`,
    );
  } else {
    const lines = jobList(jobs, { now: clock.now(), namespaces: allNamespaces });
    out.write(`${lines.join('\n')}\n`);
  }
  return exitCodes.Success;
}
