const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];

/** Moments for the ticks of a time axis in seconds: at most `most` steps, each of a length that a clock has. */
export function timeTicks(length: number, most: number): number[] {
  const step = steps.find((each) => length / each <= most) ?? 86_400 * Math.ceil(length / 86_400 / most);
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}
