/**
 * How a worker ends. `Committed` is only ever returned after a result has been written and synced.
 *
 * 64 is `EX_USAGE` and 75 `EX_TEMPFAIL` of sysexits(3); the operator's pod failure policy is written against them.
 */
export const exitCode = {
  /** The result is committed. */
  Committed: 0,
  /** Something broke; another attempt may succeed. */
  Failed: 1,
  /** Bad input: every attempt would end the same way. */
  InvalidInput: 64,
  /** Stopped by a signal with its checkpoint committed; costs no retry. */
  Interrupted: 75,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
