import type { Clock } from './clock.ts';
import { RateLimiter } from './rate-limiter.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  /** Wait after a key's first failure, doubled with each further one. */
  readonly baseSeconds?: number;
  readonly maximumSeconds?: number;
  readonly observer?: WorkQueueObserver;
}

/** Hears of what happens to the keys of a queue, in order. */
export interface WorkQueueObserver {
  /** It is in the queue, or will be when the work on it is done. */
  added(key: string): void;
  /** A worker has it. */
  started(key: string): void;
  done(key: string): void;
  /** It failed, and will be added again. */
  retried(key: string): void;
}

interface Waiting {
  readonly due: number;
  readonly cancel: () => void;
}

/**
 * Keys to be worked on, with the semantics of client-go's `workqueue`:
 * - a key is in the queue at most once, in the place where it first was;
 * - a key that is being worked on is handed to nobody else; added meanwhile, it comes again when it is done;
 * - whoever takes a key with `next` says `done`, whatever came of it.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #limiter: RateLimiter;
  readonly #observer: WorkQueueObserver | undefined;
  /** In the order in which they are handed out. */
  readonly #queued = new Set<string>();
  readonly #processing = new Set<string>();
  /** Added while they were being worked on. */
  readonly #again = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #shutDown = false;
  #drained: (() => void)[] = [];

  constructor({ clock, observer, baseSeconds = 0.005, maximumSeconds = 1000 }: WorkQueueOptions) {
    this.#clock = clock;
    this.#observer = observer;
    this.#limiter = new RateLimiter({ baseSeconds, maximumSeconds });
  }

  /** Keys that wait for a worker: neither those being worked on nor those whose time has not come. */
  get length(): number {
    return this.#queued.size;
  }

  add(key: string): void {
    if (this.#shutDown || this.#queued.has(key) || this.#again.has(key)) return;
    this.#observer?.added(key);
    if (this.#processing.has(key)) this.#again.add(key);
    else this.#enqueue(key);
  }

  /** Adds the key in some seconds; of several times that are asked for, the earliest counts. */
  addAfter(key: string, seconds: number): void {
    if (this.#shutDown) return;
    if (seconds <= 0) {
      this.add(key);
      return;
    }
    const due = this.#clock.seconds() + seconds;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined && waiting.due <= due) return;
    waiting?.cancel();
    const cancel = this.#clock.after(seconds, () => {
      this.#waiting.delete(key);
      this.add(key);
    });
    this.#waiting.set(key, { due, cancel });
  }

  /** After a failure: adds the key again, later each time until `forget`. */
  addRateLimited(key: string): void {
    if (!this.#shutDown) this.#observer?.retried(key);
    this.addAfter(key, this.#limiter.next(key));
  }

  /** After a success: the next failure is a first one again. */
  forget(key: string): void {
    this.#limiter.forget(key);
  }

  /** Failures since the last success. */
  retries(key: string): number {
    return this.#limiter.retries(key);
  }

  /** The next key, as soon as there is one; undefined when the queue is shut down and empty. */
  async next(): Promise<string | undefined> {
    const [key] = this.#queued;
    if (key !== undefined) return this.#handOut(key);
    if (this.#shutDown) return undefined;
    return await new Promise((resolve) => this.#takers.push(resolve));
  }

  /** The worker that took this key has finished with it. */
  done(key: string): void {
    if (!this.#processing.delete(key)) throw new Error(`nobody works on ${key}`);
    this.#observer?.done(key);
    if (this.#again.delete(key)) this.#enqueue(key);
    if (this.#processing.size === 0) this.#releaseDrained();
  }

  /** Takes no more keys and forgets those whose time has not come; what is in the queue is still handed out. */
  shutDown(): void {
    this.#shutDown = true;
    for (const { cancel } of this.#waiting.values()) cancel();
    this.#waiting.clear();
    for (const give of this.#takers.splice(0)) give(undefined);
  }

  /** Shuts down, and resolves as soon as nobody works on anything. */
  async shutDownWithDrain(): Promise<void> {
    this.shutDown();
    if (this.#processing.size === 0) return;
    await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  #enqueue(key: string): void {
    this.#queued.add(key);
    const give = this.#takers.shift();
    const [first] = this.#queued;
    if (give !== undefined && first !== undefined) give(this.#handOut(first));
  }

  #handOut(key: string): string {
    this.#queued.delete(key);
    this.#processing.add(key);
    this.#observer?.started(key);
    return key;
  }

  #releaseDrained(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}
