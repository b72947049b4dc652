/** Time as the worker sees it; tests pass their own. */
export interface Clock {
  /** Wall-clock time. */
  now(): Date;
  /** Seconds on a clock that never jumps. */
  seconds(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  seconds: () => performance.now() / 1000,
};
