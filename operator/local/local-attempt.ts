import type { Plan } from '../../worker/contract/plan.ts';
import type { UnitResult } from '../../worker/contract/unit-result.ts';
import type { CommittedResult, ObservedAttempt, Prepared } from '../decide/observed.ts';

/** An attempt whose files are on this machine, so that its whole result is known. */
export type LocalAttempt = ObservedAttempt<UnitResult>;

export type LocalResult = CommittedResult<UnitResult>;

/** What prepare made, its whole plan included. */
export type LocalPrepared = Prepared<Plan>;
