/**
 * The stable codes of what can go wrong. A code never changes its meaning; messages may be reworded.
 *
 * The part before the first `/` names the area, the part after it the mistake.
 */
export type ErrorCode =
  | `manifest/${string}`
  | `model/${string}`
  | `data/${string}`
  | `graph/${string}`
  | `tensorflow/${string}`
  | `storage/${string}`
  | `unit/${string}`
  | `energy/${string}`
  | `run/${string}`
  | `cluster/${string}`
  | `operator/${string}`
  | `setup/${string}`;

export interface ErrorContext {
  /** Where it is wrong: a file, a field of the manifest, a layer, a pod. */
  readonly where?: string | undefined;
  /** What the reader can do about it. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/**
 * An error that is meant to reach the user: a sentence that says what is wrong, with the place and the remedy.
 *
 * Anything else that is thrown is a defect of Blockstill and is reported with its stack.
 */
export class BlockstillError extends Error {
  override readonly name: string = 'BlockstillError';
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.code = code;
    this.where = context.where;
    this.hint = context.hint;
  }
}

/** Bad input: the same manifest, model or data will fail again, so nothing is retried (exit code 64). */
export class InvalidInputError extends BlockstillError {
  override readonly name = 'InvalidInputError';
}

/** Whether it is the error of this code. */
export function isCode(error: unknown, code: ErrorCode): error is BlockstillError {
  return error instanceof BlockstillError && error.code === code;
}

/** One printable paragraph: message, place, remedy, code, and the chain of causes. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof BlockstillError)) return error.stack ?? error.message;
  const lines = [error.where === undefined ? error.message : `${error.where}: ${error.message}`];
  if (error.hint !== undefined) lines.push(error.hint);
  if (error.cause instanceof Error) lines.push(`Cause: ${error.cause.message}`);
  lines.push(`(${error.code})`);
  return lines.join('\n');
}
