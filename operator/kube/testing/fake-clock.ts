import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

interface Timer {
  readonly due: number;
  readonly action: () => void;
}

/** A clock that stands still until a test moves it. Its wall clock may be wrong by as much as a test likes. */
export class FakeClock implements Clock {
  #seconds = 0;
  #timers: Timer[] = [];
  readonly #epoch: number;

  constructor(epoch = '2026-03-01T12:00:00.000Z') {
    this.#epoch = Date.parse(epoch);
  }

  now(): Date {
    return new Date(this.#epoch + Math.round(this.#seconds * 1000));
  }

  seconds(): number {
    return this.#seconds;
  }

  after(seconds: number, action: () => void): () => void {
    const timer = { due: this.#seconds + Math.max(0, seconds), action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** How many timers are waiting: whatever has ended should have left none. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Resolves as soon as something waits for no longer than this: what leads up to it may need the network. */
  async timerWithin(seconds: number): Promise<void> {
    while (this.#next(this.#seconds + seconds) === undefined) await setImmediate();
  }

  /** Moves time on, stopping at each timer that comes due and letting what it set off settle. */
  async advance(seconds: number): Promise<void> {
    const end = this.#seconds + seconds;
    await setImmediate();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers = this.#timers.filter((each) => each !== next);
      this.#seconds = next.due;
      next.action();
      await setImmediate();
    }
    this.#seconds = end;
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (first === undefined || timer.due < first.due)) first = timer;
    }
    return first;
  }
}
