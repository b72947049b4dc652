import type * as z from 'zod';
import type { Rule } from './rules/rule.ts';
import { rules } from './rules.ts';

/** The rules of a place in the resource, such as `spec.distill.optimizer`. */
function rulesAt(path: string): readonly Rule[] {
  return rules.filter((rule) => rule.path === path);
}

/** A rule in the form that the API server evaluates. */
export function validationOf(rule: Rule): Record<string, string> {
  return {
    rule: rule.cel,
    message: rule.message,
    ...(rule.field === undefined ? {} : { fieldPath: `.${rule.field}` }),
  };
}

/**
 * Puts the rules of a place on its schema, twice: as CEL for the API server and as refinements for zod.
 *
 * `metadata` is the exception: the API server allows no rules there, so the generator puts them on the root.
 */
export function withRules<Schema extends z.ZodType>(path: string, schema: Schema): Schema {
  const found = rulesAt(path);
  if (found.length === 0) throw new Error(`No rule is written for ${path}.`);
  const refined = schema.superRefine((value, context) => {
    for (const rule of found) {
      if (rule.check === undefined || rule.check(value)) continue;
      const place = rule.field === undefined ? [] : rule.field.split('.');
      context.addIssue({ code: 'custom', message: rule.message, path: place });
    }
  });
  return path === 'metadata'
    ? refined
    : refined.meta({ 'x-kubernetes-validations': found.map(validationOf) });
}
