import type { Clock } from './clock.ts';

export interface TokenBucketOptions {
  readonly clock: Clock;
  readonly perSecond: number;
  /** How many may go at once after a rest. */
  readonly burst: number;
}

interface Waiter {
  go(): void;
}

/** Holds callers back to a rate, first come first served; one that gives up while it waits costs the others nothing. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  readonly #waiters: Waiter[] = [];
  #tokens: number;
  #countedAt: number;
  #timerRuns = false;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#countedAt = options.clock.seconds();
  }

  /** Resolves when it is the caller's turn; rejects with the signal's reason when that is aborted before. */
  async take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        go: () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
      this.#serve();
    });
  }

  #serve(): void {
    const { clock, perSecond, burst } = this.#options;
    const now = clock.seconds();
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#countedAt) * perSecond);
    this.#countedAt = now;
    // A timer may come a rounding error early.
    while (this.#tokens >= 1 - 1e-9 && this.#waiters.length > 0) {
      this.#tokens -= 1;
      this.#waiters.shift()?.go();
    }
    if (this.#timerRuns || this.#waiters.length === 0) return;
    this.#timerRuns = true;
    clock.after((1 - this.#tokens) / perSecond, () => {
      this.#timerRuns = false;
      this.#serve();
    });
  }
}
