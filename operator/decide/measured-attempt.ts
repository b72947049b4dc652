import type { MeasuredAttempt } from '../accounting/speedup.ts';
import type { ObservedAttempt } from './observed.ts';

/** When an attempt that has ended held its device. */
export function measuredAttempt({ startTime, endTime, result }: ObservedAttempt): MeasuredAttempt[] {
  if (startTime === undefined || endTime === undefined) return [];
  return [
    { start: startTime.getTime() / 1000, end: endTime.getTime() / 1000, committed: result !== undefined },
  ];
}
