import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { Logger } from '../../common/logger.ts';
import { BlockstillError } from '../../common/error.ts';
import type { Clock } from '../kube/clock.ts';
import { runElection } from '../kube/lease-election.ts';
import type { LeaseStore } from '../kube/lease.ts';
import type { Watchdog } from './watchdog.ts';

/** Seconds; see `ElectionOptions`. */
export interface ElectionTimings {
  readonly leaseSeconds: number;
  readonly renewDeadlineSeconds: number;
  readonly retrySeconds: number;
}

/** As client-go has them. The watchdog's grace is a part of the 5 s between the first two. */
export const defaultTimings = {
  leaseSeconds: 15,
  renewDeadlineSeconds: 10,
  retrySeconds: 2,
} as const satisfies ElectionTimings;

export interface LeadershipOptions {
  readonly leases: LeaseStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly watchdog: Pick<Watchdog, 'arm' | 'disarm'>;
  readonly timings: ElectionTimings;
}

/** Whether this process leads, and may go on leading. */
export class Leadership {
  /** Of this process, and never of another. */
  readonly identity = `${hostname()}_${randomUUID()}`;
  readonly #options: LeadershipOptions;
  #heldUntil = -Infinity;
  #problem: string | undefined = 'The Lease has not been asked for yet.';

  constructor(options: LeadershipOptions) {
    this.#options = options;
  }

  /** Why the Lease can be neither had nor waited for; undefined when all is well. */
  problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Throws unless the Lease still holds. A process that was stopped, or whose machine was, asks this before its event loop
   * has told it that its time is over.
   */
  assertHeld(): void {
    if (this.#options.clock.seconds() < this.#heldUntil) return;
    throw new BlockstillError('cluster/leadership-lost', 'The Lease has run out: nothing may be written.');
  }

  /**
   * Waits for the Lease, and works while it is held; see `runElection`.
   *
   * @throws BlockstillError `cluster/leadership-lost`; what the work throws
   */
  async run(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { clock, logger, watchdog, timings } = this.#options;
    let working = false;
    await runElection({
      ...timings,
      leases: this.#observed(),
      identity: this.identity,
      clock,
      random: Math.random,
      signal,
      onHeld: (seconds) => {
        this.#heldUntil = clock.seconds() + seconds;
        if (working) watchdog.arm(seconds);
      },
      lead: async (leading) => {
        working = true;
        watchdog.arm(this.#heldUntil - clock.seconds());
        try {
          await work(leading);
        } finally {
          // Nothing is left that could do harm; the Lease may take its time to be given back.
          working = false;
          watchdog.disarm();
        }
      },
      onProblem: (error) => logger.warn('The Lease could not be read or written', { error }),
    });
  }

  /** Remembers how the last request about the Lease ended. */
  #observed(): LeaseStore {
    const { leases } = this.#options;
    const note = async <T>(answer: Promise<T>): Promise<T> => {
      try {
        const value = await answer;
        this.#problem = undefined;
        return value;
      } catch (error) {
        this.#problem = `The Lease can't be used: ${error instanceof Error ? error.message : String(error)}`;
        throw error;
      }
    };
    return {
      get: async (signal) => await note(leases.get(signal)),
      create: async (spec, signal) => await note(leases.create(spec, signal)),
      replace: async (lease, signal) => await note(leases.replace(lease, signal)),
    };
  }
}
