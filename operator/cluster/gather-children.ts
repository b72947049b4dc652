import type { ChildJob, ChildPod } from './children.ts';
import type { ClusterCache } from './cluster-cache.ts';
import type { DepartedJob, DepartedJobs } from './departed-jobs.ts';
import type { RecentWrites } from './recent-writes.ts';

/** All that is known to belong to a DistillationJob. */
export interface Children {
  readonly jobs: readonly ChildJob[];
  readonly pods: readonly ChildPod[];
  /** Jobs that are gone, and of which a pod may be yet to come. */
  readonly departed: readonly DepartedJob[];
  /** Until when one may come for Jobs that are deleted and still there, by their UID. */
  readonly departing: ReadonlyMap<string, Date>;
}

interface Sources {
  readonly cache: Pick<ClusterCache, 'childJobs' | 'childPods'>;
  readonly writes: RecentWrites;
  readonly departed: DepartedJobs;
}

/** What the cluster has of a job's children, what was written since, and what was there a moment ago. */
export function gatherChildren(
  { cache, writes, departed }: Sources,
  { uid, namespace }: { readonly uid: string; readonly namespace?: string | undefined },
): Children {
  // Labels are anybody's to set, in any namespace.
  const isNear = ({ metadata }: ChildJob | ChildPod): boolean => metadata.namespace === namespace;
  const jobs = writes
    .merge(uid, cache.childJobs(uid))
    .filter((job) => job.controllerUid === uid && isNear(job))
    .map((job) => (writes.isDeleted(job) ? { ...job, isDeleting: true } : job));
  const departing = jobs.flatMap((job) => {
    const until = job.isDeleting ? departed.until(job) : undefined;
    return until === undefined ? [] : [[job.metadata.uid, until] as const];
  });
  return {
    jobs,
    pods: cache.childPods(uid).filter(isNear),
    departed: departed.of(uid).filter(({ job }) => isNear(job)),
    departing: new Map(departing),
  };
}
