/**
 * When the last unit is done if each worker takes the longest unit that is left as soon as it is free (longest processing
 * time first, R. L. Graham, "Bounds on Multiprocessing Timing Anomalies", 1969): the order of `decide/dispatch.ts`.
 */
export function longestFirstSeconds(units: readonly number[], workers: number): number {
  const busyUntil = new Float64Array(Math.max(1, Math.min(workers, units.length)));
  for (const seconds of units.toSorted((a, b) => b - a)) {
    let free = 0;
    for (let worker = 1; worker < busyUntil.length; worker++) {
      if (busyUntil[worker]! < busyUntil[free]!) free = worker;
    }
    busyUntil[free]! += seconds;
  }
  return Math.max(...busyUntil);
}
