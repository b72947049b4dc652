import { BlockstillError } from '../../common/error.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { distillationJobs, type DistillationJobObject } from '../../operator/cluster/kube-objects.ts';
import { isFinished } from '../../operator/decide/decide.ts';
import { findJob } from '../cluster/find-job.ts';
import { follow, onlyOne } from '../cluster/follow.ts';
import type { Cluster } from '../cluster/open-cluster.ts';
import { exitCodes } from '../exit-codes.ts';
import type { CommandIo } from './cluster-status.ts';

export interface SuspendCommand {
  readonly name: string;
  /** Or resume it. */
  readonly suspend: boolean;
  /** Until the operator has carried it out. */
  readonly wait: boolean;
  readonly output: 'text' | 'json';
}

/**
 * `suspend` and `resume`: sets `spec.suspend` and nothing else. Where it is as asked for already, nothing is written.
 *
 * @throws BlockstillError `cluster/no-such-job`, `cluster/already-finished`, `cluster/job-deleted`
 */
export async function suspendCommand(
  { name, suspend, wait, output }: SuspendCommand,
  cluster: Cluster,
  io: CommandIo,
): Promise<number> {
  const { client, namespace } = cluster;
  const { signal, out } = io;
  const found = await findJob(cluster, name, { signal });
  const isChange = isSuspendAsked(found) !== suspend;
  if (isChange && suspend && isFinished(found.status ?? {})) throw alreadyFinished(name, found);
  const patch = { type: 'Merge', body: { spec: { suspend } } } as const;
  const job = isChange ? await client.patch(distillationJobs, { namespace, name }, { patch, signal }) : found;
  if (output === 'text') out.write(`${sentenceOf(name, { suspend, isChange })}\n`);
  const status = wait ? await carriedOut(job, { suspend, cluster, signal }) : job.status;
  if (output === 'json') {
    const said = { namespace, name, suspend, changed: isChange, phase: status?.phase };
    out.write(`${JSON.stringify(said, undefined, 2)}\n`);
  } else if (wait) out.write(`${name}: ${(status?.phase ?? 'unknown').toLowerCase()}.\n`);
  return exitCodes.Success;
}

function isSuspendAsked({ spec }: DistillationJobObject): boolean {
  return 'suspend' in spec && spec.suspend === true;
}

function sentenceOf(name: string, { suspend, isChange }: { suspend: boolean; isChange: boolean }): string {
  if (suspend) {
    return isChange
      ? `${name} is told to suspend: running units save a checkpoint and end.`
      : `${name} has been told to suspend before; nothing was changed.`;
  }
  return isChange ? `${name} is told to go on.` : `${name} is not suspended; nothing was changed.`;
}

function alreadyFinished(name: string, { status }: DistillationJobObject): BlockstillError {
  return new BlockstillError(
    'cluster/already-finished',
    `${name} is over (${(status?.phase ?? 'finished').toLowerCase()}): there is nothing to suspend.`,
  );
}

/** The status in which the operator has done what this version of the job asks for; the end of the job is one too. */
async function carriedOut(
  job: DistillationJobObject,
  { suspend, cluster, signal }: { suspend: boolean; cluster: Cluster; signal: AbortSignal },
): Promise<DistillationJobStatus | undefined> {
  const { client, clock } = cluster;
  const { name = '', namespace, uid = '', generation = 0 } = job.metadata;
  let last: DistillationJobStatus | undefined;
  const visit = ({ status = {} }: DistillationJobObject): boolean => {
    last = status;
    if ((status.observedGeneration ?? -1) < generation) return false;
    return isFinished(status) || (status.phase === 'Suspended') === suspend;
  };
  const source = onlyOne(client, distillationJobs, { namespace, name });
  if ((await follow(source, { clock, signal, uid, visit })) === 'Gone') {
    throw new BlockstillError('cluster/job-deleted', `The DistillationJob ${name} was deleted.`);
  }
  return last;
}
