import { findJob, type ClusterToSearch } from '../cluster/find-job.ts';
import { manifestHint } from '../cluster/job-argument.ts';
import type { CommandIo } from './cluster-status.ts';
import { putOutReport } from './report.ts';

export interface ClusterReportCommand {
  readonly name: string;
  /** As of `report` on this machine. */
  readonly output?: string | undefined;
}

/**
 * `report NAME`: the report of a job in a cluster, from its status alone.
 *
 * @throws BlockstillError `cluster/no-such-job`; InvalidInputError `storage/not-writable`
 */
export async function clusterReportCommand(
  { name, output }: ClusterReportCommand,
  cluster: ClusterToSearch,
  { out, signal }: Pick<CommandIo, 'out' | 'signal'>,
): Promise<number> {
  const { metadata, status = {} } = await findJob(cluster, name, { alsoSay: manifestHint, signal });
  const { namespace = cluster.namespace, uid } = metadata;
  const whyNoDetails = 'Only the files in the storage of the job say it, which this command does not read.';
  return await putOutReport(
    { job: { namespace, name, uid }, status, asOf: new Date(), whyNoDetails },
    output,
    out,
  );
}
