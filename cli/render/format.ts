/** Seconds as `0:42`, `12:05`, `1:02:03`. */
export function duration(length: number): string {
  const whole = Math.max(0, Math.round(length));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** `812`, `12.3k`, `1.23M`, `4.56G`: at most three digits and a decimal prefix. */
export function count(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return unit === 0 ? String(Math.round(scaled)) : `${scaled.toPrecision(3)}${units[unit]}`;
}

/** `98.03%`; far beyond the whole a figure says no more than that: `>1000%`. */
export function percent(share: number, digits = 2): string {
  if (share > 10) return '>1000%';
  return `${(100 * share).toFixed(digits)}%`;
}

/** A difference of two shares in percentage points, with its sign: `-0.35 points`. */
export function points(difference: number): string {
  const text = (100 * difference).toFixed(2);
  const shown = text === '-0.00' ? '0.00' : text;
  return `${difference > 0 && shown !== '0.00' ? '+' : ''}${shown} points`;
}

/** `3.42x` */
export function times(ratio: number): string {
  return `${ratio.toPrecision(3)}x`;
}

/** Four significant digits without an exponent where that is readable: `0.01234`, `12.3`, `1.23e-7`. */
export function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Seconds with a unit: `0.53 s`, `42.1 s`, `12:05 min`, `1:02:03 h`. */
export function seconds(value: number): string {
  if (value >= 3600) return `${duration(value)} h`;
  if (value >= 120) return `${duration(value)} min`;
  return `${value >= 10 ? value.toFixed(1) : value.toFixed(2)} s`;
}
