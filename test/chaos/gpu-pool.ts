interface Waiter {
  readonly count: number;
  go(): void;
}

/** The GPUs of all nodes; who came first is served first. */
export class GpuPool {
  #free: number;
  readonly #waiters: Waiter[] = [];

  constructor(gpus: number) {
    this.#free = gpus;
  }

  /** Takes them if they are free now. */
  tryTake(count: number): boolean {
    if (count > 0 && (this.#waiters.length > 0 || count > this.#free)) return false;
    this.#free -= count;
    return true;
  }

  /** Resolves when they are the caller's; rejects when the signal is aborted before. */
  async take(count: number, signal: AbortSignal): Promise<void> {
    if (this.tryTake(count)) return;
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        count,
        go: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      const abort = (): void => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal.reason as Error);
        this.#serve();
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  give(count: number): void {
    this.#free += count;
    this.#serve();
  }

  #serve(): void {
    for (;;) {
      const [first] = this.#waiters;
      if (first === undefined || first.count > this.#free) return;
      this.#waiters.shift();
      this.#free -= first.count;
      first.go();
    }
  }
}
