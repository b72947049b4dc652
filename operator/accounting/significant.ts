/** The number rounded to at most four significant digits: what a status shows, and no more than was measured. */
export function significant(value: number): number {
  return Number(value.toPrecision(4));
}
