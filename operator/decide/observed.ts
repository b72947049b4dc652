import type { Digest } from '../../common/digest.ts';
import type { Baseline } from '../../crds/spec/execution.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import type { CacheBudget } from '../../worker/contract/activation-tier.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { Progress } from '../../worker/contract/progress.ts';
import type { PlanFacts, ProfileFacts, UnitFacts } from '../../worker/contract/unit-facts.ts';
import type { Reference } from '../../worker/contract/unit-spec.ts';
import type { Fingerprint } from '../accounting/baseline.ts';
import type { NodeDevice } from '../accounting/energy-readings.ts';
import type { Interval } from '../accounting/intervals.ts';

/** Everything a decision may look at, gathered by an observer at one moment. */
export interface Observed {
  /** `metadata.generation` of the resource; 1 for a manifest on this machine. */
  readonly generation: number;
  readonly policy: JobPolicy;
  readonly training: TrainingAmount;
  /** Set while the job is to stand still. */
  readonly stop?: Stop;
  /** Present once prepare's result is committed and verified. */
  readonly prepared?: Prepared;
  readonly attempts: readonly ObservedAttempt[];
  /** Pods that attempts have or had, also of those that are gone. Absent: an attempt is one process, and none is gone. */
  readonly runs?: readonly Run[];
  /** Failures of attempts with a lower number don't count: the user asked for a new try. */
  readonly retry: number;
  /** Likewise: the user has changed what the attempts are given, which may have been at fault. */
  readonly revision?: number;
  /** The manifest is well-formed, but asks for what can't be done. */
  readonly invalid?: Why;
  /** What keeps the next attempts from being made. */
  readonly obstacle?: Why;
  /** Further conditions that hold. */
  readonly notices?: readonly (Why & { readonly type: string })[];
  /** Workers that can run at once, whatever `maxParallel` allows. */
  readonly capacity: number;
  readonly backoff: Backoff;
  /** Times at which the job was suspended or nobody ran it. Absent: the status remembers them. */
  readonly suspensions?: readonly Interval[];
  /** Since when nothing can have happened unseen. Absent: always. */
  readonly watchedSince?: Date;
  /** The job that `policy.baseline` names, as it is now. Absent: nobody has looked. */
  readonly baselineJob?: BaselineJob;
  /** Look at the job anew though its status says that it is finished: the user asked for it. */
  readonly reopened?: boolean;
  /** Devices as they are seen from outside of the units; absent where nobody was asked to look. */
  readonly nodeWide?: NodeWide;
  /** The status as it was last written. */
  readonly previous?: DistillationJobStatus;
  /** When some of this will be otherwise though nothing happens. */
  readonly changesAt?: Date;
}

/** Another job that speedup and energy saving are to be measured against. */
export type BaselineJob =
  /** There is none that could be, for a reason in a sentence. */
  | { readonly kind: 'Unusable'; readonly message: string }
  | {
      readonly kind: 'Found';
      readonly uid: string;
      readonly status: DistillationJobStatus;
      readonly theirs: Fingerprint;
      /** Of this job, what its plan and its results do not say. */
      readonly ours: Pick<Fingerprint, 'spec' | 'precision' | 'execution'>;
    };

/** What a source sees of the nodes' devices, be units running on them or not. */
export interface NodeWide {
  /** Those of all nodes on which units of the job run or ran. Empty: nothing is seen. */
  readonly devices: readonly NodeDevice[];
  /** GPUs that were held for the job all the time. */
  readonly reserved: readonly string[];
  /** Sentences: why not everything is seen. */
  readonly problems: readonly string[];
}

/** A pod of an attempt, or its process on this machine, and the time for which it held its device. */
export interface Run {
  readonly unit: string;
  readonly attempt: number;
  /** The name of the pod; of the Job where an attempt never had one. */
  readonly name: string;
  /** `CPU`, or `GPU` and which: `GPU 0`. */
  readonly device?: string | undefined;
  /** The node of a cluster that it runs on. */
  readonly node?: string | undefined;
  /** As the cluster says it of that node; absent where it was not asked, and without a GPU. */
  readonly sharing?: GpuSharing | undefined;
  /** Since when it could have begun. */
  readonly created?: Date | undefined;
  /** Absent: it has not begun, or ended without having begun. */
  readonly start?: Date | undefined;
  /** Absent: it has not ended, or when it did is not known. */
  readonly end?: Date | undefined;
  /** It stands for what may have run before anybody watched. */
  readonly isUnseen?: boolean;
}

/** Whether others may use the GPU of an attempt at the same time. */
export type GpuSharing =
  | { readonly kind: 'None' }
  /** Half a sentence says why. */
  | { readonly kind: 'Shared' | 'Unknown'; readonly reason: string };

/** A reason for programs, one word in CamelCase, and a sentence for people. */
export interface Why {
  readonly reason: string;
  readonly message: string;
}

/** What the manifest lets change while a job runs, and what is done about failures. */
export interface JobPolicy {
  readonly maxParallel?: number | undefined;
  readonly onUnitFailure: 'Fail' | 'KeepTeacher';
  /** Failures of one unit that are followed by another attempt. */
  readonly backoffLimit: number;
  readonly activeDeadlineSeconds?: number | undefined;
  /** Longest time that an attempt may wait to be started. */
  readonly pendingDeadlineSeconds?: number | undefined;
  /** Seconds from the end of the job until its attempts are removed, which stay for ever without it. */
  readonly ttlSecondsAfterFinished?: number | undefined;
  /** What speedup and energy saving are measured against; absent: nothing. */
  readonly baseline?: Pick<Baseline, 'mode' | 'jobName'> | undefined;
}

/** How much a unit trains, as far as times are predicted from it. */
export interface TrainingAmount {
  /** Given, it sets the number of steps; otherwise `epochs` does. */
  readonly steps?: number | undefined;
  readonly epochs: number;
  readonly batchSize: number;
  /** Different augmented passes over the training split; Infinity when every epoch is fresh. */
  readonly passes: number;
  readonly cache: CacheBudget;
  readonly finetuneEpochs: number;
}

export interface Stop {
  /** `Suspended`: by the manifest. `Interrupted`: by a signal to the local runner. */
  readonly reason: 'Suspended' | 'Interrupted';
  readonly message: string;
}

export interface Prepared<P extends PlanFacts = PlanFacts> extends Measured<P> {
  readonly reference: Reference & { readonly digest: Digest };
  /**
   * The blocks of each unit, in the plan's order. Chosen once a job (`operator/packing/`) and remembered by the observer:
   * other units would be other work, whose finished part nobody would find again.
   */
  readonly units: readonly (readonly string[])[];
}

/** What prepare found out. */
export interface Measured<P extends PlanFacts = PlanFacts> {
  readonly plan: P;
  readonly profile: ProfileFacts;
}

export interface Backoff {
  /** Before the first repetition; doubled for each further one. */
  readonly baseSeconds: number;
  readonly maximumSeconds: number;
}

export type AttemptState = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Interrupted';

export interface ObservedAttempt<Result extends UnitFacts = UnitFacts> {
  readonly unit: string;
  readonly stage: Stage;
  readonly id: string;
  readonly number: number;
  /** The value of `Observed.retry` when it was created. */
  readonly retry: number;
  /** The value of `Observed.revision` when it was created. */
  readonly revision?: number;
  readonly state: AttemptState;
  /** It worked for what the spec said before an edit: nothing of it counts any more but its number, which is taken. */
  readonly superseded?: boolean;
  /** It has been told to stop and has not ended yet. */
  readonly stopping?: boolean;
  /** It was interrupted without a chance to work, by no fault of the worker's: that may happen again and again. */
  readonly hapless?: boolean;
  /** It has committed, but what it said is lost: the next attempt only asks for it. */
  readonly unheard?: boolean;
  /** It is given up, as its node is gone or it never gets one: what is left of it is to be removed. */
  readonly abandoned?: boolean;
  /** Why it has not started yet, as long as that is known. */
  readonly waiting?: Why | undefined;
  /** Since when it could have started. */
  readonly waitingSince?: Date | undefined;
  readonly startTime?: Date | undefined;
  readonly endTime?: Date | undefined;
  readonly exitCode?: number | undefined;
  /** Why it failed, as a sentence. */
  readonly message?: string | undefined;
  /** Present only when it has been verified: schema, job, plan and the digests of all files. */
  readonly result?: CommittedResult<Result> | undefined;
  readonly progress?: Progress | undefined;
  /** `CPU`, or `GPU` and which: `GPU 0`. */
  readonly device?: string | undefined;
  /** The node of a cluster that it runs on. */
  readonly node?: string | undefined;
}

export interface CommittedResult<Result extends UnitFacts = UnitFacts> {
  readonly value: Result;
  readonly reference: Reference;
}
