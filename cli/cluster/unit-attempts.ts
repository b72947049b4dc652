import { projectJob, projectPod, type ChildJob, type ChildPod } from '../../operator/cluster/children.ts';
import type { KubeJob, KubePod } from '../../operator/cluster/kube-objects.ts';
import { annotations, unitNameOf } from '../../operator/cluster/names.ts';
import { isLoneUnit } from './lone-unit.ts';
import type { KubeObject } from '../../operator/kube/resource.ts';

/** An attempt at a unit, with what is left of it in the cluster. */
export interface UnitAttempt {
  readonly number: number;
  readonly job: ChildJob | undefined;
  /** The newest one: a Job makes another when the cluster took the first. */
  readonly pod: ChildPod | undefined;
}

export interface Children {
  readonly jobs: readonly KubeJob[];
  readonly pods: readonly KubePod[];
}

/**
 * The attempts at what is meant by `prepare`, `baseline`, `finetune`, the name of a block or that of a unit (`unit-003`), in order.
 *
 * @param counted - how many there were by the status: of the first ones, nothing may be left
 */
export function unitAttempts(meant: string, { jobs, pods }: Children, counted: number): UnitAttempt[] {
  const ownJobs = jobs.filter((job) => isMeant(meant, job, projectJob(job))).map(projectJob);
  const ownPods = pods.filter((pod) => isMeant(meant, pod, projectPod(pod))).map(projectPod);
  const numbers = [...ownJobs, ...ownPods].map(({ identity }) => identity?.attempt ?? 0);
  const count = Math.max(counted, ...numbers);
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const isOfIt = ({ identity }: ChildJob | ChildPod): boolean => identity?.attempt === number;
    const newestFirst = ownPods.filter(isOfIt).toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    return { number, job: ownJobs.find(isOfIt), pod: newestFirst[0] };
  });
}

/** A stage is meant before a block of the same name, which its unit's name still reaches. */
function isMeant(meant: string, { metadata }: KubeObject, { identity }: ChildJob | ChildPod): boolean {
  if (identity === undefined) return false;
  const unit = unitNameOf(identity.stage, identity.index);
  if (isLoneUnit(meant)) return unit === meant;
  return unit === meant || (metadata.annotations?.[annotations.blocks]?.split(',').includes(meant) ?? false);
}

/** Attempts and what became of them, for a sentence: `1 (failed, its pod is gone), 2 (running)`. */
export function attemptsText(attempts: readonly UnitAttempt[]): string {
  return attempts.map((attempt) => `${attempt.number} (${stateText(attempt)})`).join(', ');
}

function stateText({ job, pod }: UnitAttempt): string {
  if (pod !== undefined) return pod.phase.toLowerCase();
  if (job?.end !== undefined) return `${job.end.type.toLowerCase()}, its pod is gone`;
  return job === undefined ? 'nothing is left of it' : 'it has no pod yet';
}
