import type { Clock } from './clock.ts';

/** The `Date` of an answer has no fractions of a second, and an answer takes its time. */
const smallestSkewMilliseconds = 2000;

/**
 * The time of the API server, as its answers tell it: whoever compares `now` with what is written in objects must not be
 * led astray by a clock of its own that is wrong. How long something takes is measured on this machine.
 */
export class ServerClock implements Clock {
  readonly #local: Clock;
  #skewMilliseconds = 0;

  constructor(local: Clock) {
    this.#local = local;
  }

  /** Takes in the time that an answer names. */
  heard(serverTime: Date | undefined): void {
    if (serverTime === undefined || Number.isNaN(serverTime.getTime())) return;
    const skew = serverTime.getTime() - this.#local.now().getTime();
    this.#skewMilliseconds = Math.abs(skew) < smallestSkewMilliseconds ? 0 : skew;
  }

  now(): Date {
    return new Date(this.#local.now().getTime() + this.#skewMilliseconds);
  }

  seconds(): number {
    return this.#local.seconds();
  }

  after(seconds: number, action: () => void): () => void {
    return this.#local.after(seconds, action);
  }
}
