import type * as z from 'zod';
import type { JsonSchema } from './json-schema.ts';
import { closest } from './suggest.ts';

/** One thing that is wrong with a manifest. */
export interface Problem {
  /** Keys and indices from the root to the value, or to the unknown key. */
  readonly path: readonly PropertyKey[];
  /** Reads after the path: `must be a whole number, but is "ten"`. */
  readonly message: string;
}

/** `spec.partition.blocks[2].name` */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

/** The value at a path, or undefined. */
function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function schemaAt(root: JsonSchema, path: readonly PropertyKey[]): JsonSchema | undefined {
  let schema: JsonSchema | undefined = root;
  for (const key of path) {
    schema =
      typeof key === 'number'
        ? schema?.items
        : (schema?.properties?.[String(key)] ?? schema?.additionalProperties);
  }
  return schema;
}

/** What zod found, as sentences for the user. `schema` is asked for neighbours and allowed values. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  root: unknown,
  schema: JsonSchema,
): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownField(key, issue.path, schema));
    }
    return [{ path: issue.path, message: describeIssue(issue, valueAt(root, issue.path), schema) }];
  });
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown, schema: JsonSchema): string {
  if (issue.code === 'custom') return issue.message;
  if (value === undefined) return describeMissing(schemaAt(schema, issue.path));
  if (value === null) return 'is empty; give a value or remove the line';
  if (issue.code === 'invalid_value') return describeChoice(issue.values.map(String), value);
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    return `must ${boundText(issue)}, but is ${sizeText(issue.origin, value)}`;
  }
  if (issue.code === 'invalid_type') {
    const type = schemaAt(schema, issue.path)?.type ?? issue.expected;
    return `must be ${typeText(type)}, but is ${valueText(value)}${quoteHint(type, value)}`;
  }
  return `${issue.message}, but is ${valueText(value)}`;
}

function describeMissing(schema: JsonSchema | undefined): string {
  const purpose = schema?.description?.split(/(?<=[.:])\s/)[0];
  return purpose === undefined ? 'is required' : `is required. ${purpose.replace(/:$/, '.')}`;
}

function describeChoice(allowed: readonly string[], value: unknown): string {
  const guess = closest(String(value), allowed);
  const question = guess === undefined || allowed.length === 1 ? '' : `; did you mean ${guess}?`;
  const choices = allowed.filter((choice) => choice !== '');
  return `must be ${choices.length === 1 ? '' : 'one of '}${choices.join(', ')}, but is ${valueText(value)}${question}`;
}

function unknownField(key: string, parent: readonly PropertyKey[], schema: JsonSchema): Problem {
  const path = [...parent, key];
  const allowed = Object.keys(schemaAt(schema, parent)?.properties ?? {});
  const guess = closest(key, allowed);
  if (guess !== undefined) return { path, message: `is not a field; did you mean ${guess}?` };
  const elsewhere = placesOf(key, schema, []);
  if (elsewhere.length > 0)
    return { path, message: `is not a field here; it belongs to ${elsewhere.join(' or ')}` };
  return { path, message: `is not a field; ${pathText(parent) || 'the manifest'} has ${allowed.join(', ')}` };
}

/** The places outside pods and status where a field of this name exists, at most three. */
function placesOf(key: string, schema: JsonSchema, path: readonly string[]): string[] {
  if (path.at(-1) === 'status' || path.at(-1) === 'pod') return [];
  const here = schema.properties?.[key] === undefined || path.length === 0 ? [] : [path.join('.')];
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    placesOf(key, child.items ?? child, [...path, child.items === undefined ? name : `${name}[]`]),
  );
  return [...here, ...below].slice(0, 3);
}

const typeTexts: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  object: 'a group of fields',
  record: 'a group of fields',
  array: 'a list',
};

function typeText(expected: string): string {
  return typeTexts[expected] ?? expected;
}

/** A value as the user wrote it, with its type where that is the point. */
function valueText(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of fields';
  return JSON.stringify(value) ?? 'nothing';
}

function quoteHint(expected: string, value: unknown): string {
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  return expected === 'string' && isScalar ? `; put it in quotes: "${String(value)}"` : '';
}

function boundText(issue: z.core.$ZodIssueTooBig | z.core.$ZodIssueTooSmall): string {
  const verb = issue.origin === 'array' || issue.origin === 'string' ? 'have' : 'be';
  const unit = issue.origin === 'array' ? ' items' : issue.origin === 'string' ? ' characters' : '';
  if (issue.code === 'too_small') {
    return `${verb} ${issue.inclusive === false ? 'more than' : 'at least'} ${String(issue.minimum)}${unit}`;
  }
  return `${verb} ${issue.inclusive === false ? 'less than' : 'at most'} ${String(issue.maximum)}${unit}`;
}

function sizeText(origin: string, value: unknown): string {
  if (origin === 'array' && Array.isArray(value)) return `a list of ${value.length}`;
  return valueText(value);
}
