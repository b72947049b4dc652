import { BlockstillError } from '../../common/error.ts';
import { closest } from '../../crds/suggest.ts';
import type { ChildPod } from '../../operator/cluster/children.ts';
import { kubeJobs, kubePods, type DistillationJobObject } from '../../operator/cluster/kube-objects.ts';
import { labels } from '../../operator/cluster/names.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { isLoneUnit, loneUnitsOf } from './lone-unit.ts';
import { attemptsText, unitAttempts, type UnitAttempt } from './unit-attempts.ts';

/** Which attempt at what: the newest one, unless it says another. */
export interface Wanted {
  /** A block, a unit, `prepare`, `baseline` or `finetune`. */
  readonly block: string;
  readonly attempt?: number | undefined;
  /** The one before the newest. */
  readonly previous: boolean;
}

/**
 * The pod of an attempt.
 *
 * @throws BlockstillError `cluster/no-such-block`, `cluster/no-such-attempt`, `cluster/no-pod`, each with what there is
 */
export async function findPod(
  client: Pick<KubeClient, 'list'>,
  job: DistillationJobObject,
  { wanted, signal }: { readonly wanted: Wanted; readonly signal: AbortSignal },
): Promise<ChildPod> {
  const { namespace, uid = '' } = job.metadata;
  const selection = { namespace, labelSelector: `${labels.jobUid}=${uid}`, signal };
  const [jobs, pods] = await Promise.all([
    client.list(kubeJobs, selection),
    client.list(kubePods, selection),
  ]);
  const children = { jobs: jobs.items, pods: pods.items };
  const attempts = unitAttempts(wanted.block, children, countedAttempts(job, wanted.block));
  const newest = attempts.at(-1);
  if (newest === undefined) throw neverAttempted(job, wanted.block);
  const number = wanted.attempt ?? (wanted.previous ? newest.number - 1 : newest.number);
  const attempt = attempts[number - 1];
  if (attempt === undefined) throw noSuchAttempt(wanted, number, attempts);
  if (attempt.pod === undefined) throw noPod(wanted.block, attempt, attempts);
  return attempt.pod;
}

function countedAttempts({ status }: DistillationJobObject, block: string): number {
  if (block === 'baseline') return status?.baseline?.attempts ?? 0;
  if (block === 'prepare' || block === 'finetune') return status?.attempts?.[block] ?? 0;
  return status?.blocks?.find(({ name }) => name === block)?.attempts ?? 0;
}

function neverAttempted({ metadata, status }: DistillationJobObject, block: string): BlockstillError {
  const blocks = status?.blocks ?? [];
  const where = metadata.name;
  const known = blocks.find(({ name }) => name === block);
  if (known?.state === 'Kept') {
    const message = `The block ${block} is kept as the teacher's, so nothing is trained for it.`;
    return new BlockstillError('cluster/no-pod', message, { where, hint: known.reason });
  }
  if (known !== undefined || loneUnitsOf(status).some((unit) => unit === block)) {
    const goesOn = status?.conditions?.find(({ type }) => type === 'Ready')?.message;
    const message = `Nothing of ${described(block)} has been started yet.`;
    return new BlockstillError('cluster/no-pod', message, { where, hint: goesOn });
  }
  const names = [...blocks.map(({ name }) => name), ...loneUnitsOf(status)];
  const similar = closest(block, names);
  const hint =
    similar === undefined
      ? `There are logs of prepare, of finetune, and of each block${blocks.length === 0 ? ', once prepare has found the blocks' : `: kubectl blockstill status ${metadata.name ?? ''} lists them`}.`
      : `Did you mean ${similar}?`;
  return new BlockstillError('cluster/no-such-block', `The job has no block "${block}".`, { where, hint });
}

function noSuchAttempt(
  { block, attempt }: Wanted,
  number: number,
  attempts: readonly UnitAttempt[],
): BlockstillError {
  const message =
    attempt === undefined
      ? `There is none before the first attempt at ${described(block)}.`
      : `There was no attempt ${number} at ${described(block)}.`;
  return new BlockstillError('cluster/no-such-attempt', message, { hint: thereWere(attempts) });
}

function noPod(
  block: string,
  { number, job }: UnitAttempt,
  attempts: readonly UnitAttempt[],
): BlockstillError {
  const isComing = job !== undefined && job.end === undefined;
  const message = isComing
    ? `Attempt ${number} at ${described(block)} has no pod yet.`
    : `The pod of attempt ${number} at ${described(block)} is gone, and its log with it.`;
  return new BlockstillError('cluster/no-pod', message, { hint: thereWere(attempts) });
}

function thereWere(attempts: readonly UnitAttempt[]): string {
  return `Attempts: ${attemptsText(attempts)}. Choose one with --attempt.`;
}

function described(block: string): string {
  return isLoneUnit(block) ? block : `the block ${block}`;
}
