import type { HistoryEvent } from './history.ts';

/** How often statuses of DistillationJobs were written. */
export interface StatusWrites {
  readonly total: number;
  /** Of the job that was written most often. */
  readonly mostOfAJob: number;
  /** In the busiest second. */
  readonly mostInASecond: number;
}

export function countStatusWrites(events: readonly HistoryEvent[]): StatusWrites {
  const generations = new Map<string, number>();
  const writes = events.filter(({ object, type }) => {
    if (object.kind !== 'DistillationJob') return false;
    const before = generations.get(object.uid);
    generations.set(object.uid, object.generation);
    // A change of the spec raises the generation; any other change is one of the status.
    return type === 'MODIFIED' && before === object.generation;
  });
  const most = (keyOf: (event: HistoryEvent) => string | number): number =>
    Math.max(0, ...[...Map.groupBy(writes, keyOf).values()].map((group) => group.length));
  return {
    total: writes.length,
    mostOfAJob: most(({ object }) => object.uid),
    mostInASecond: most(({ seconds }) => Math.floor(seconds)),
  };
}
