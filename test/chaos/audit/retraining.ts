import type { TrainingRun } from '../pretend-worker.ts';
import type { AuditInput, Violation } from './audit.ts';

/**
 * Finished work that was done again: a training that began after the same work had been committed, or that was committed
 * by two Jobs. Two pods of one Job are its controller's doing: it makes a second one when it doesn't hear of the first.
 */
export function findRetraining({ history, ledger }: AuditInput): Violation[] {
  const ownerOf = new Map<string, string | undefined>();
  for (const { object } of history.events) {
    if (object.kind === 'Pod') ownerOf.set(object.uid, object.ownerUid);
  }
  const byWork = Map.groupBy(ledger, ({ work }) => work);
  return [...byWork.values()].flatMap((runs) => {
    const [first, ...others] = runs
      .filter(({ outcome }) => outcome === 'Committed')
      .toSorted((a, b) => timeOf(a.end) - timeOf(b.end));
    if (first === undefined) return [];
    const again = runs.filter((run) => timeOf(run.start) > timeOf(first.end));
    const beside = others.filter(
      (run) => !again.includes(run) && ownerOf.get(run.podUid) !== ownerOf.get(first.podUid),
    );
    return [
      ...again.map((run) => retrained(run, first, 'began after it had been committed by')),
      ...beside.map((run) => retrained(run, first, 'committed what had also been committed by')),
    ];
  });
}

function retrained(run: TrainingRun, first: TrainingRun, how: string): Violation {
  const times = `${run.start.toISOString()}, committed ${first.end?.toISOString()}`;
  return {
    rule: 'retrained',
    sentence: `The training of ${run.unit} of ${run.jobUid} in pod ${run.podUid} ${how} pod ${first.podUid} (began ${times}).`,
  };
}

function timeOf(date: Date | undefined): number {
  return date?.getTime() ?? Infinity;
}
