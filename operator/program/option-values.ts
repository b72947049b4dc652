import * as z from 'zod';

/** What the values of options may be; a message completes a sentence that begins with the value. */

export const label = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    'is no name of a namespace: lower-case letters, digits, "-"',
  );

export const objectName = z
  .string()
  .max(253, 'is longer than 253 characters')
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    'is no name of an object: lower-case letters, digits, "-", "."',
  );

export const text = z.string().min(1, 'is empty');

export const choice = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

export const flag = choice('true', 'false').transform((value) => value === 'true');

export const positive = (maximum: number, { whole }: { whole: boolean }) => {
  const what = `must be a ${whole ? 'whole ' : ''}number above 0, at most ${maximum}`;
  const isGood = (value: number): boolean =>
    value > 0 && value <= maximum && (!whole || Number.isInteger(value));
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, what)
    .transform(Number)
    .refine(isGood, what);
};

/** A value that is read by a function, which returns what is wrong with it as text. */
export const parsed = <Value extends object>(parse: (value: string) => Value | string) =>
  z.string().transform((value, context): Value => {
    const result = parse(value);
    if (typeof result !== 'string') return result;
    context.addIssue(result);
    return z.NEVER;
  });
