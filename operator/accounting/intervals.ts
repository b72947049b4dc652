/** From `start` to `end`, in seconds on one clock; half-open, so that neighbours don't overlap. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** The intervals merged where they touch or overlap, in order. */
export function union(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const next of intervals
    .filter(({ start, end }) => end > start)
    .toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || next.start > last.end) merged.push(next);
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, next.end) };
  }
  return merged;
}

/** Seconds covered by at least one of the intervals. */
export function coveredSeconds(intervals: readonly Interval[]): number {
  return union(intervals).reduce((total, { start, end }) => total + (end - start), 0);
}

/** Seconds that `within` shares with at least one of `covering` and with none of `excluding`. */
export function secondsOnlyIn(
  within: Interval,
  covering: readonly Interval[],
  excluding: readonly Interval[],
): number {
  const clip = ({ start, end }: Interval): Interval => ({
    start: Math.max(start, within.start),
    end: Math.min(end, within.end),
  });
  const excluded = excluding.map(clip);
  return coveredSeconds([...covering.map(clip), ...excluded]) - coveredSeconds(excluded);
}

/** What the intervals cover and none of `excluding` does, in order. */
export function subtract(intervals: readonly Interval[], excluding: readonly Interval[]): Interval[] {
  const holes = union(excluding);
  return union(intervals).flatMap(({ start, end }) => {
    const within = holes.filter((hole) => hole.end > start && hole.start < end);
    const starts = [start, ...within.map((hole) => hole.end)];
    const ends = [...within.map((hole) => hole.start), end];
    return starts.flatMap((from, index) => {
      const to = ends[index] ?? end;
      return to > from ? [{ start: from, end: to }] : [];
    });
  });
}

/** The most intervals that hold at the same moment. */
export function mostAtOnce(intervals: readonly Interval[]): number {
  const changes = intervals
    .filter(({ start, end }) => end > start)
    .flatMap(({ start, end }) => [
      { at: start, change: 1 },
      { at: end, change: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.change - b.change);
  let running = 0;
  let most = 0;
  for (const { change } of changes) {
    running += change;
    most = Math.max(most, running);
  }
  return most;
}
