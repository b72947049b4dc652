import { BlockstillError } from '../../common/error.ts';
import { projectPod, type ChildPod } from '../../operator/cluster/children.ts';
import { kubePods } from '../../operator/cluster/kube-objects.ts';
import { workerContainer } from '../../operator/cluster/names.ts';
import { sentence } from '../../operator/decide/text.ts';
import { ConnectionError } from '../../operator/kube/connection-error.ts';
import { findJob } from '../cluster/find-job.ts';
import { findPod, type Wanted } from '../cluster/find-pod.ts';
import { follow, onlyOne } from '../cluster/follow.ts';
import type { Cluster } from '../cluster/open-cluster.ts';
import { exitCodes } from '../exit-codes.ts';
import type { CommandIo } from './cluster-status.ts';

export interface LogsCommand extends Wanted {
  readonly name: string;
  /** Go on until the container ends. */
  readonly follow: boolean;
}

/**
 * `logs NAME BLOCK`: what the worker of an attempt wrote, as it is.
 *
 * @throws BlockstillError as {@link findJob} and {@link findPod}; `cluster/pod-not-started`, `cluster/log-broken`
 */
export async function logsCommand(command: LogsCommand, cluster: Cluster, io: CommandIo): Promise<number> {
  const { client, namespace } = cluster;
  const { signal, out } = io;
  const job = await findJob(cluster, command.name, { signal });
  const pod = await findPod(client, job, { wanted: command, signal });
  if (!hasLog(pod)) {
    if (!command.follow) throw notStarted(pod);
    await started(pod, cluster, io);
  }
  const { name } = pod.metadata;
  const query = { container: workerContainer, follow: command.follow ? 'true' : undefined };
  const chunks = await client.stream(kubePods, { namespace, name }, { subresource: 'log', query, signal });
  const decoder = new TextDecoder();
  // A chunk may end in the middle of a character.
  try {
    for await (const chunk of chunks) out.write(decoder.decode(chunk, { stream: true }));
  } catch (error) {
    throw error instanceof ConnectionError ? brokenOff(name, error) : error;
  }
  out.write(decoder.decode());
  return exitCodes.Success;
}

function hasLog({ startedAt, end }: ChildPod): boolean {
  return startedAt !== undefined || end !== undefined;
}

function notStarted({ metadata, waiting }: ChildPod): BlockstillError {
  const why = waiting === undefined ? '' : ` ${sentence(waiting.message || waiting.reason)}`;
  return new BlockstillError('cluster/pod-not-started', `The pod has not started yet.${why}`, {
    where: metadata.name,
    hint: 'With --follow, its log comes as soon as it has.',
  });
}

function brokenOff(where: string, { cause }: ConnectionError): BlockstillError {
  return new BlockstillError('cluster/log-broken', 'The log broke off before the worker had ended.', {
    where,
    hint: 'Run the same command again: it shows the log from its beginning.',
    cause,
  });
}

/** @throws BlockstillError `cluster/no-pod` when the pod goes before it has begun */
async function started(pod: ChildPod, { client, clock }: Cluster, io: CommandIo): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  io.progress.write(`${notStarted(pod).message} Waiting for ${name} ...\n`);
  const source = onlyOne(client, kubePods, { namespace, name });
  const visit = (seen: Parameters<typeof projectPod>[0]): boolean => hasLog(projectPod(seen));
  const end = await follow(source, { clock, signal: io.signal, uid, visit });
  if (end === 'Gone') {
    throw new BlockstillError('cluster/no-pod', 'The pod was removed before it had started.', {
      where: name,
    });
  }
}
