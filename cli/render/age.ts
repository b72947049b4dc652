const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** How long ago, as kubectl writes it: `42s`, `3m10s`, `5h`, `7d12h`; two units only where one would be too coarse. */
export function age(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 2 * minute) return `${whole}s`;
  if (whole < 10 * minute) return two(whole, ['m', minute], ['s', 1]);
  if (whole < 3 * hour) return `${Math.floor(whole / minute)}m`;
  if (whole < 8 * hour) return two(whole, ['h', hour], ['m', minute]);
  if (whole < 2 * day) return `${Math.floor(whole / hour)}h`;
  if (whole < 8 * day) return two(whole, ['d', day], ['h', hour]);
  if (whole < 2 * year) return `${Math.floor(whole / day)}d`;
  if (whole < 8 * year) return two(whole, ['y', year], ['d', day]);
  return `${Math.floor(whole / year)}y`;
}

type Unit = readonly [name: string, seconds: number];

function two(whole: number, [large, largeSeconds]: Unit, [small, smallSeconds]: Unit): string {
  const rest = Math.floor((whole % largeSeconds) / smallSeconds);
  const first = `${Math.floor(whole / largeSeconds)}${large}`;
  return rest === 0 ? first : `${first}${rest}${small}`;
}
