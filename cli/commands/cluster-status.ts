import { BlockstillError } from '../../common/error.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { distillationJobs, type DistillationJobObject } from '../../operator/cluster/kube-objects.ts';
import { isFinished } from '../../operator/decide/decide.ts';
import { sentence } from '../../operator/decide/text.ts';
import { findJob } from '../cluster/find-job.ts';
import { follow, onlyOne } from '../cluster/follow.ts';
import { manifestHint } from '../cluster/job-argument.ts';
import type { Cluster } from '../cluster/open-cluster.ts';
import { statusEvents } from '../cluster/status-events.ts';
import { exitCodes } from '../exit-codes.ts';
import { jobTable } from '../render/job-table.ts';
import { plainView } from '../render/plain-view.ts';
import { liveView, type ProgressView } from '../render/progress-view.ts';
import type { Terminal } from '../terminal.ts';
import { exitCodeOf, outcomeText } from './run.ts';
import { progressTexts } from './status.ts';

export interface ClusterStatusCommand {
  readonly name: string;
  readonly watch: boolean;
  readonly output: 'text' | 'json';
}

/** Where a command in the cluster writes, and what ends it early. */
export interface CommandIo {
  readonly out: Terminal;
  readonly progress: Terminal;
  readonly signal: AbortSignal;
}

/**
 * `status NAME`: what the status of a job in a cluster says, once or, with `watch`, until the job is over.
 *
 * @throws BlockstillError `cluster/no-such-job`, `cluster/job-deleted`
 */
export async function clusterStatusCommand(
  command: ClusterStatusCommand,
  cluster: Cluster,
  io: CommandIo,
): Promise<number> {
  const job = await findJob(cluster, command.name, { alsoSay: manifestHint, signal: io.signal });
  if (command.watch) return await watchJob(job, command, { cluster, io });
  if (command.output === 'json') io.out.write(`${JSON.stringify(job.status ?? {}, undefined, 2)}\n`);
  else writeStatus(job, io.out);
  return exitCodes.Success;
}

function writeStatus(job: DistillationJobObject, out: Terminal): void {
  const { metadata, status = {} } = job;
  const { name = '', generation = 0 } = metadata;
  const { observedGeneration = -1 } = status;
  if (observedGeneration < 0) {
    out.write(`${name}: no operator has taken it up yet. Does one run, and watch this namespace?\n`);
    return;
  }
  out.write(`${outcomeText(name, status, out)}\n`);
  const progress = progressTexts(status);
  if (progress.length > 0) out.write(`${progress.join(', ')}\n`);
  if (observedGeneration < generation) out.write('The last edit has not been taken up yet.\n');
  out.write(`${jobTable(status).join('\n')}\n`);
}

async function watchJob(
  job: DistillationJobObject,
  { name, output }: ClusterStatusCommand,
  { cluster, io }: { cluster: Cluster; io: CommandIo },
): Promise<number> {
  const { client, clock, namespace } = cluster;
  const { progress, out, signal } = io;
  // As JSON, standard output is read by a program that sees every status.
  const view = output === 'json' ? undefined : viewOn(progress, name, () => clock.now());
  let last: DistillationJobStatus | undefined;
  let isTold = false;
  const visit = (seen: DistillationJobObject): boolean => {
    const { status = {}, metadata } = seen;
    isTold = false;
    if (output === 'json') out.write(`${JSON.stringify(status)}\n`);
    view?.update({ status, events: statusEvents(status, last) });
    last = status;
    return isOver(status, metadata.generation);
  };
  const onProblem = ({ message }: BlockstillError): void => {
    if (last === undefined || isTold) return;
    isTold = true;
    const warning = {
      type: 'Warning',
      reason: 'Disconnected',
      message: `${sentence(message)} Trying again.`,
    } as const;
    view?.update({ status: last, events: [warning] });
  };
  const uid = job.metadata.uid ?? '';
  let end: 'Seen' | 'Gone';
  try {
    const source = onlyOne(client, distillationJobs, { namespace, name });
    end = await follow(source, { clock, signal, uid, visit, onProblem });
  } finally {
    view?.close();
  }
  if (end === 'Gone' || last === undefined) {
    throw new BlockstillError('cluster/job-deleted', `The DistillationJob ${name} was deleted.`);
  }
  if (output === 'text') {
    out.write(`${jobTable(last).slice(1).join('\n')}\n\n${outcomeText(name, last, out)}\n`);
  }
  return exitCodeOf(last);
}

function viewOn(terminal: Terminal, name: string, now: () => Date): ProgressView {
  return (terminal.interactive ? liveView : plainView)(name, terminal, now);
}

/** An end that was written before the last edit may not be one: that edit may try the job again. */
function isOver(status: DistillationJobStatus, generation = 0): boolean {
  return isFinished(status) && (status.observedGeneration ?? -1) >= generation;
}
