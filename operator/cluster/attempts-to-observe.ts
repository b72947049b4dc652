import type { Digest } from '../../common/digest.ts';
import type { SpecDigests } from '../../worker/contract/job-spec.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { Progress } from '../../worker/contract/progress.ts';
import type { Why } from '../decide/observed.ts';
import type { ChildJob, ChildPod } from './children.ts';
import type { DepartedJob } from './departed-jobs.ts';
import type { Podless } from './podless-jobs.ts';

export interface AttemptsToObserve {
  /** UID of the DistillationJob. */
  readonly uid: string;
  /** Labelled as its children; those that it doesn't own are passed over. */
  readonly jobs: readonly ChildJob[];
  readonly pods: readonly ChildPod[];
  /** Jobs that have just been deleted: a pod of theirs may be yet to come. */
  readonly departed: readonly DepartedJob[];
  /** Until when one may come for Jobs that are deleted and still there, by their UID. */
  readonly departing: ReadonlyMap<string, Date>;
  readonly specDigests: SpecDigests;
  readonly device: (stage: Stage) => 'CPU' | 'GPU';
  /** Present once a plan is committed: what later results must belong to. */
  readonly plan?: {
    readonly digest: Digest;
    /** All blocks in the plan's order. */
    readonly blocks: readonly string[];
    readonly units: readonly (readonly string[])[];
  };
  /** UIDs of Jobs that it had, also of those that are gone. */
  readonly formerJobs: ReadonlySet<string>;
  /** By the UID of the pod. */
  readonly progress: ReadonlyMap<string, Progress>;
  /** Jobs that have been without a pod for a while, by their UID. */
  readonly podless: ReadonlyMap<string, Podless>;
  /** Why nodes can't prepare pods, as they say it themselves, by the UID of the pod. */
  readonly complaints: ReadonlyMap<string, Why>;
  /** UIDs of pods that the watch doesn't show: they are gone, or may be any moment. */
  readonly unseen: ReadonlySet<string>;
  readonly now: Date;
}
