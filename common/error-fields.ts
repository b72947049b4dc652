import { BlockstillError } from './error.ts';

/** An error as a log has it. */
export interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  /** Of a BlockstillError, or of the system: `ECONNREFUSED`. */
  readonly code?: string;
  readonly where?: string;
  readonly hint?: string;
  readonly cause?: ErrorFields;
  /** Of an AggregateError. */
  readonly errors?: readonly ErrorFields[];
}

/** Causes of causes beyond this are left out, so that one that is its own cause comes to an end. */
const deepest = 8;

/**
 * What is worth knowing of an error, as plain data: `JSON.stringify` of an Error has neither its message nor its stack.
 */
export function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  const { name, message, cause } = error;
  const known = error instanceof BlockstillError;
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const stack = error.stack === undefined ? {} : { stack: error.stack };
  const where = known && error.where !== undefined ? { where: error.where } : {};
  const hint = known && error.hint !== undefined ? { hint: error.hint } : {};
  const deeper = depth < deepest;
  return {
    name,
    message,
    ...code,
    ...where,
    ...hint,
    ...stack,
    ...(cause === undefined || !deeper ? {} : { cause: errorFields(cause, depth + 1) }),
    ...(error instanceof AggregateError && deeper
      ? { errors: error.errors.map((each) => errorFields(each, depth + 1)) }
      : {}),
  };
}
