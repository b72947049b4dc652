import * as z from 'zod';

export const text = (what: string) => z.string().describe(what);
export const time = (what: string) => z.iso.datetime().describe(what);

/** Null: unknown, and `unknown` of the same object says why. */
export const orNull = <Schema extends z.ZodType>(schema: Schema, what: string) =>
  schema.nullable().describe(what);

export const unknown = z
  .record(z.string(), z.string())
  .describe('Why each field of this object that is null is unknown, by the name of the field.');
