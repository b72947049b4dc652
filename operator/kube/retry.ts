import { ApiError } from './api-error.ts';
import { ConnectionError } from './connection-error.ts';

export interface RetryPolicy {
  /** In all, the first one included. */
  readonly attempts: number;
  /** Between the first and the second attempt; doubled each time, where the server names no time. */
  readonly baseSeconds: number;
  /** The longest wait; a server that asks for more is left to the caller. */
  readonly maximumSeconds: number;
  /** In [0, 1): so that many who failed together don't come back together. */
  random(): number;
}

export interface FailedAttempt {
  readonly error: unknown;
  /** 1 for the first. */
  readonly attempt: number;
  /** Whether the request may be carried out twice. */
  readonly repeatable: boolean;
}

/**
 * Seconds until a request is to be sent again; undefined when it must not be, or when that is no use.
 *
 * A request that was turned away (429) or never arrived may always be sent again. After an error of the server or a
 * connection that broke, nobody knows whether it was carried out, so only what may be carried out twice is repeated.
 */
export function retryDelaySeconds(policy: RetryPolicy, failed: FailedAttempt): number | undefined {
  if (failed.attempt >= policy.attempts || !maySendAgain(failed)) return undefined;
  const { baseSeconds, maximumSeconds, random } = policy;
  const asked = failed.error instanceof ApiError ? (failed.error.retryAfterSeconds ?? 0) : 0;
  if (asked > maximumSeconds) return undefined;
  const backoff = Math.min(maximumSeconds, baseSeconds * 2 ** (failed.attempt - 1));
  return Math.max(asked, backoff * (0.5 + random() / 2));
}

function maySendAgain({ error, repeatable }: FailedAttempt): boolean {
  if (error instanceof ConnectionError) {
    return error.code === 'cluster/unreachable' && (repeatable || !error.mayHaveArrived);
  }
  if (!(error instanceof ApiError)) return false;
  const { httpStatus, retryAfterSeconds } = error;
  if (httpStatus === 429) return true;
  // An internal error is mostly one that comes again; with a time to wait it isn't.
  const passing = httpStatus > 500 || retryAfterSeconds !== undefined;
  return httpStatus >= 500 && passing && repeatable;
}
