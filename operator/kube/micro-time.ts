/** A `meta/v1` MicroTime: the API refuses fractions of a second with other than six digits. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
