export interface RateLimiterOptions {
  /** After the first failure. */
  readonly baseSeconds: number;
  readonly maximumSeconds: number;
}

/** How long each key has to wait after a failure: twice as long after each one, until it is forgotten. */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  readonly #failures = new Map<string, number>();

  constructor(options: RateLimiterOptions) {
    this.#options = options;
  }

  /** Seconds to wait after one more failure. */
  next(key: string): number {
    const { baseSeconds, maximumSeconds } = this.#options;
    const failures = this.retries(key);
    this.#failures.set(key, failures + 1);
    return Math.min(maximumSeconds, baseSeconds * 2 ** failures);
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures since it was last forgotten. */
  retries(key: string): number {
    return this.#failures.get(key) ?? 0;
  }
}
