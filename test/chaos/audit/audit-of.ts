import { audit, type AuditReport } from './audit.ts';
import type { HistoryEvent } from './history.ts';
import type { TrainingRun } from '../pretend-worker.ts';

/** What the auditor says of a history. */
export function auditOf(
  history: readonly HistoryEvent[],
  ledger: readonly TrainingRun[] = [],
  gaps: readonly string[] = [],
): AuditReport {
  return audit({ history: { events: history, gaps }, ledger, abandonedAfterSeconds: 300 });
}

/** The sentences of what was wrong, but for jobs that have not ended. */
export function faults(history: readonly HistoryEvent[], ledger?: readonly TrainingRun[]): string[] {
  return auditOf(history, ledger)
    .violations.filter(({ rule }) => rule !== 'unended')
    .map(({ rule, sentence }) => `${rule}: ${sentence}`);
}
