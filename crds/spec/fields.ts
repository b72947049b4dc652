import * as z from 'zod';

/** Text of a bounded length; the API server needs a bound on everything that a CEL rule may touch. */
export function text(maxLength: number): z.ZodString {
  return z.string().min(1).max(maxLength);
}

/** Text that must match a pattern without look-around (Go's RE2 has none); `allowed` completes "must be ...". */
export function pattern(expression: RegExp, maxLength: number, allowed: string): z.ZodString {
  return z
    .string()
    .max(maxLength)
    .regex(expression, { error: `must be ${allowed}` });
}

/** A list that is replaced as a whole. */
export function atomicList<Item extends z.ZodType>(item: Item, maxItems: number): z.ZodArray<Item> {
  return z.array(item).max(maxItems).meta({ 'x-kubernetes-list-type': 'atomic' });
}

/** A list of scalars without duplicates, merged by value. */
export function setList<Item extends z.ZodType>(item: Item, maxItems: number): z.ZodArray<Item> {
  return z
    .array(item)
    .max(maxItems)
    .superRefine((items, context) => reportDuplicates(items, [], context))
    .meta({ 'x-kubernetes-list-type': 'set' });
}

/** A list of objects that are told apart, and merged, by the members named in `keys`. */
export function listMap<Item extends z.ZodType>(
  item: Item,
  keys: readonly string[],
  maxItems: number,
): z.ZodArray<Item> {
  return z
    .array(item)
    .max(maxItems)
    .superRefine((items, context) => reportDuplicates(items, keys, context))
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [...keys] });
}

function reportDuplicates(
  items: readonly unknown[],
  keys: readonly string[],
  context: z.core.$RefinementCtx,
): void {
  const first = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const identity = JSON.stringify(
      keys.length === 0 ? item : keys.map((key) => (item as Record<string, unknown>)[key]),
    );
    const earlier = first.get(identity);
    if (earlier === undefined) {
      first.set(identity, index);
      continue;
    }
    const what = keys.length === 0 ? 'the same value' : `the same ${keys.join(' and ')}`;
    context.addIssue({ code: 'custom', path: [index], message: `has ${what} as item ${earlier}` });
  }
}

/** A map of text to text, such as labels. */
export function textMap(maxProperties: number, maxValueLength = 256): z.ZodRecord<z.ZodString, z.ZodString> {
  return z
    .record(z.string().max(317), z.string().max(maxValueLength))
    .refine((value) => Object.keys(value).length <= maxProperties, {
      error: `must have at most ${maxProperties} entries`,
    })
    .meta({ maxProperties });
}

/** A whole number between two bounds, both allowed. */
export function integer(minimum: number, maximum: number): z.ZodInt {
  return z.int().min(minimum).max(maximum);
}

/** A number between two bounds, both allowed. */
export function decimal(minimum: number, maximum: number): z.ZodNumber {
  return z.number().min(minimum).max(maximum);
}

const quantityExpression = /^[0-9]+(\.[0-9]+)?(m|k|[MGTPE]|[KMGTPE]i)?$/;

/** A Kubernetes quantity as text: `500m`, `4`, `1.5Gi`. */
export function quantity(): z.ZodString {
  return pattern(quantityExpression, 32, 'a quantity such as "500m", "4" or "16Gi", as text (in quotes)');
}

const quantityUnits: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a quantity stands for: `1.5Gi` is 1610612736. */
export function quantityValue(value: string): number {
  const unit = /[A-Za-z]+$/.exec(value)?.[0] ?? '';
  return Number(value.slice(0, value.length - unit.length)) * (quantityUnits[unit] ?? 1);
}

/** 64 hexadecimal digits. */
export function sha256(): z.ZodString {
  return pattern(/^[0-9a-f]{64}$/, 64, '64 lower-case hexadecimal digits, as sha256sum prints them');
}

/**
 * Where a file or folder lies. On the API server only URIs are allowed; a manifest that is run on this machine may
 * also give a path relative to itself, so the stricter pattern is in the generated schema alone.
 */
export function uri(): z.ZodString {
  return z
    .string()
    .min(1)
    .max(1024)
    .refine(
      (value) => /^(file:\/\/\/|s3:\/\/|https:\/\/)/.test(value) || !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(value),
      {
        error:
          'must start with file:///, s3:// or https:// (or be a path relative to the manifest in a local run)',
      },
    )
    .meta({ pattern: '^(file:///|s3://|https://)' });
}

/** The name of a Kubernetes object (DNS subdomain). */
export function objectName(): z.ZodString {
  return pattern(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    253,
    'the name of a Kubernetes object: lower-case letters, digits, "-" and "."',
  );
}

/** A label key, with or without a prefix, or the name of an extended resource. */
export function qualifiedName(): z.ZodString {
  return pattern(
    /^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/,
    317,
    'a name with an optional prefix, such as "example.com/name"',
  );
}

/** The name of a block, a candidate, a volume: a short name made of letters, digits, "-", "_" and ".". */
export function shortName(): z.ZodString {
  return pattern(
    /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/,
    63,
    'at most 63 letters, digits, "-", "_" and ".", beginning and ending with a letter or digit',
  );
}

/** An instant, as Kubernetes writes it: `2026-11-23T12:00:00Z`. */
export function timestamp(): z.ZodISODateTime {
  return z.iso.datetime({ offset: true });
}
