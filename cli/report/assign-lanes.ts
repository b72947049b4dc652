import type { Interval } from '../../operator/accounting/intervals.ts';

interface OnDevice extends Interval {
  readonly device: string;
}

export type Placed<Bar> = Bar & {
  /** The index of its lane. */
  readonly lane: number;
};

export interface Lane {
  readonly device: string;
  readonly label: string;
}

/**
 * Rows for bars such that none overlap: as many for each device as ran on it at once, in the order of first use. One
 * device has several where several workers share it, as on a CPU.
 */
export function assignLanes<Bar extends OnDevice>(
  bars: readonly Bar[],
): { lanes: readonly Lane[]; placed: readonly Placed<Bar>[] } {
  const devices = new Map<string, Bar[][]>();
  for (const bar of bars.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    const rows = devices.get(bar.device) ?? [];
    devices.set(bar.device, rows);
    const free = rows.find((row) => (row.at(-1)?.end ?? -Infinity) <= bar.start);
    if (free === undefined) rows.push([bar]);
    else free.push(bar);
  }
  const rows = [...devices]
    .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .flatMap(([device, own]) =>
      own.map((row, index) => ({
        lane: { device, label: own.length === 1 ? device : `${device}, worker ${index + 1}` },
        bars: row,
      })),
    );
  return {
    lanes: rows.map(({ lane }) => lane),
    placed: rows.flatMap(({ bars: row }, lane) => row.map((bar) => ({ ...bar, lane }))),
  };
}
