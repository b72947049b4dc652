import type { TrainingRun } from '../pretend-worker.ts';
import { findChildrenAfterTheEnd } from './children-after-the-end.ts';
import { findDuplicates } from './duplicates.ts';
import type { History } from './history.ts';
import { findLostResults } from './lost-results.ts';
import { findTooManyAttempts } from './too-many-attempts.ts';
import { findTooManyAtOnce } from './too-many-at-once.ts';
import { findRetraining } from './retraining.ts';
import { findStatusMistakes } from './status-mistakes.ts';
import { findUnended } from './unended.ts';
import { countStatusWrites, type StatusWrites } from './status-writes.ts';

export interface AuditInput {
  readonly history: History;
  /** What was really trained. */
  readonly ledger: readonly TrainingRun[];
  /** After how many seconds of Terminating a pod may be taken for lost, and its unit be given to another. */
  readonly abandonedAfterSeconds: number;
}

/** Something that must never be, as a sentence with the objects and their resourceVersions. */
export interface Violation {
  readonly rule: string;
  readonly sentence: string;
}

export interface AuditReport {
  readonly violations: readonly Violation[];
  readonly counts: {
    readonly distillationJobs: number;
    readonly complete: number;
    readonly failed: number;
    readonly jobs: number;
    readonly pods: number;
    readonly trainings: number;
  };
  readonly statusWrites: StatusWrites;
}

/** A rule of the audit: pure, from what is known of the run to what was wrong in it. */
export type Rule = (input: AuditInput) => readonly Violation[];

const rules: readonly Rule[] = [
  ({ history }) => history.gaps.map((sentence) => ({ rule: 'gap', sentence })),
  findDuplicates,
  findRetraining,
  findLostResults,
  findUnended,
  findStatusMistakes,
  findChildrenAfterTheEnd,
  findTooManyAtOnce,
  findTooManyAttempts,
];

/** Judges a run by the API server's history and the workers' ledger alone, not by the operator's words. */
export function audit(input: AuditInput): AuditReport {
  const { events } = input.history;
  const added = events.filter(({ type }) => type === 'ADDED').map(({ object }) => object);
  const count = (kind: string): number => added.filter((object) => object.kind === kind).length;
  const ended = (type: string): number =>
    new Set(
      events.flatMap(({ object }) =>
        object.kind === 'DistillationJob' &&
        object.status.conditions?.some((condition) => condition.type === type && condition.status === 'True')
          ? [object.uid]
          : [],
      ),
    ).size;
  return {
    violations: rules.flatMap((rule) => rule(input)),
    counts: {
      distillationJobs: count('DistillationJob'),
      complete: ended('Complete'),
      failed: ended('Failed'),
      jobs: count('Job'),
      pods: count('Pod'),
      trainings: input.ledger.length,
    },
    statusWrites: countStatusWrites(events),
  };
}
