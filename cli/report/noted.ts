/** A value, or nothing; with the reason that holds if there is nothing. */
export type Noted<Value> = readonly [value: Value | null | undefined, reason: string];

/** An object whose unknown fields are null, with the reason of each in `unknown`. */
export type WithReasons<Values> = { [Key in keyof Values]: Values[Key] | null } & {
  unknown: Record<string, string>;
};

/** Makes what is unknown null, and notes why; so that no field of a report is null without a reason. */
export function noted<Values extends object>(entries: {
  readonly [Key in keyof Values]: Noted<Values[Key]>;
}): WithReasons<Values> {
  const fields = Object.entries(entries) as [string, Noted<unknown>][];
  const isUnknown = ([, [value]]: [string, Noted<unknown>]): boolean => value === null || value === undefined;
  return {
    ...Object.fromEntries(fields.map(([name, [value]]) => [name, value ?? null])),
    unknown: Object.fromEntries(fields.filter(isUnknown).map(([name, [, reason]]) => [name, reason])),
  } as WithReasons<Values>;
}
