/**
 * What types and bounds of the schema cannot say, once for both readers: `cel` for the API server, `check` for a
 * manifest that is read here.
 *
 * The API server also evaluates `cel` on a default that stands at the same place, before nested defaults are filled
 * in. So a rule at a place with a default asks `has(self.member)` before it reads a member.
 */
export interface Rule {
  /** The place in the resource, such as `spec.distill.optimizer`; `[]` stands for any item of a list. */
  readonly path: string;
  readonly cel: string;
  /** A sentence for the user: what is required. */
  readonly message: string;
  /** The member that the message is about, below `path`. */
  readonly field?: string;
  /** Absent for a transition rule, which compares an object with its former self. */
  readonly check?: (value: unknown) => boolean;
}

interface ValueRule<Value> {
  readonly cel: string;
  readonly message: string;
  readonly field?: string;
  /** True when the value obeys; it has the schema's types and defaults. */
  check(value: Value): boolean;
}

/** A rule on the value at a place. `Value` is what the schema yields there. */
export function valueRule<Value>(path: string, rule: ValueRule<Value>): Rule {
  return { ...rule, path, check: (value) => rule.check(value as Value) };
}
