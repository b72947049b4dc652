/** Ticks of a logarithmic axis at 1, 2 and 5 of each decade, or fewer where those are too many. */
export function logTicks([low, high]: readonly [number, number], most: number): number[] {
  for (const digits of [[1, 2, 5], [1, 3], [1]]) {
    const ticks = decades(low, high).flatMap((decade) => digits.map((digit) => digit * decade));
    const inside = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
    if (inside.length <= most) return inside;
  }
  const tens = decades(low, high).filter((tick) => tick >= low && tick <= high);
  const step = Math.ceil(tens.length / most);
  return tens.filter((_, index) => index % step === 0);
}

function decades(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  return Array.from({ length: last - first + 1 }, (_, index) => Number(`1e${first + index}`));
}
