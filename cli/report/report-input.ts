import type { DistillationJobStatus } from '../../crds/status.ts';
import type { CompiledSpec } from '../../crds/compiled-job.ts';
import type { Interval } from '../../operator/accounting/intervals.ts';
import type { Plan } from '../../worker/contract/plan.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { ProfileFacts } from '../../worker/contract/unit-facts.ts';
import type {
  BaselineResult,
  DistillResult,
  FinetuneResult,
  PrepareResult,
} from '../../worker/contract/unit-result.ts';

/**
 * What a report is made from. A status alone is enough: from a cluster there is often no more. What only the files in the
 * exchange know is then unknown, for the reason that `whyNoDetails` gives.
 */
export interface ReportInput {
  readonly job: { readonly namespace: string; readonly name: string; readonly uid?: string | undefined };
  readonly status: DistillationJobStatus;
  /** When the status was written. */
  readonly asOf: Date;
  readonly details?: ReportDetails | undefined;
  /** A sentence. */
  readonly whyNoDetails?: string | undefined;
}

/** What the files of a job say beyond its status. Work that an edit of the manifest superseded is no part of it. */
export interface ReportDetails {
  /** The manifest with every default filled in. */
  readonly spec?: CompiledSpec | undefined;
  readonly plan?: Plan | undefined;
  readonly profile?: ProfileFacts | undefined;
  /** The blocks of each unit, in the order of the units. */
  readonly units?: readonly (readonly string[])[] | undefined;
  /** Committed results, by unit. */
  readonly prepare?: PrepareResult | undefined;
  readonly baseline?: BaselineResult | undefined;
  readonly distill: readonly DistillResult[];
  readonly finetune?: FinetuneResult | undefined;
  readonly attempts: readonly AttemptFacts[];
  /** When nobody ran the job, in seconds since 1970. */
  readonly suspensions: readonly Interval[];
}

/** One process or pod that worked, or still works, at a unit. */
export interface AttemptFacts {
  readonly unit: string;
  readonly stage: Stage;
  readonly id: string;
  readonly number: number;
  readonly device: string;
  readonly startTime: Date;
  /** Absent while it runs. */
  readonly endTime?: Date | undefined;
  /** Why it failed or was interrupted, as far as anyone knows. */
  readonly message?: string | undefined;
}
