import { BlockstillError, isCode } from '../../common/error.ts';
import { sleep, type Clock } from './clock.ts';
import { startDeadline, unlessAborted } from './deadline.ts';
import type { Lease, LeaseSpec, LeaseStore } from './lease.ts';
import { microTime } from './micro-time.ts';

export interface ElectionOptions {
  readonly leases: LeaseStore;
  /** Of this process alone: not to be used again by the next one in its place. */
  readonly identity: string;
  readonly clock: Clock;
  /** In [0, 1): so that candidates don't ask in step. */
  random(): number;
  /** How long the others leave a leader alone that they don't hear of. */
  readonly leaseSeconds?: number;
  /** How long a leader that can't renew goes on; the rest of `leaseSeconds` is for clocks that run at other speeds. */
  readonly renewDeadlineSeconds?: number;
  readonly retrySeconds?: number;
  /** When aborted, the work is told to stop, and the Lease is given back after it has. */
  readonly signal: AbortSignal;
  /** The Lease was taken or renewed, and may be relied on for so many seconds from now on. */
  onHeld?(seconds: number): void;
  /** The work of the leader. Its signal is aborted when it has to stop, be it because the Lease is lost. */
  lead(signal: AbortSignal): Promise<void>;
  /** A try that failed; it is tried again by itself. */
  onProblem(error: unknown): void;
}

type Election = Required<ElectionOptions>;

/**
 * Leads while the Lease is held: at most one process does, whatever their clocks say.
 *
 * As in client-go's `leaderelection`, a Lease has run out when this process has seen no change of it for as long as it
 * says, on this process's own clock; times written in it are not looked at. Unlike there, a leader counts its own deadline
 * from when it sent the last renewal that succeeded, so that an answer that came late does not lengthen it.
 *
 * Resolves when the work is done, or when it ended after the signal was aborted.
 *
 * @throws BlockstillError `cluster/leadership-lost` at once when the Lease is lost: the work may still be stopping, so the
 *   process had better end; what the work throws
 */
export async function runElection(options: ElectionOptions): Promise<void> {
  const defaults = { leaseSeconds: 15, renewDeadlineSeconds: 10, retrySeconds: 2, onHeld: () => undefined };
  const candidate = new Candidate({ ...defaults, ...options });
  try {
    await candidate.acquire();
  } catch (error) {
    if (options.signal.aborted) return;
    throw error;
  }
  await candidate.leadAndRenew();
}

class Candidate {
  readonly #options: Election;
  /** As it was last seen. */
  #lease: Lease | undefined;
  #seen = '';
  /** When it last changed, on our clock. */
  #changedAt = 0;
  /** When the last renewal that succeeded was sent. */
  #renewedAt = 0;

  constructor(options: Election) {
    this.#options = options;
  }

  async acquire(): Promise<void> {
    const { clock, random, retrySeconds, renewDeadlineSeconds, signal, onProblem } = this.#options;
    for (;;) {
      using deadline = startDeadline({
        clock,
        seconds: renewDeadlineSeconds,
        parent: signal,
        reason: () =>
          new BlockstillError('cluster/timeout', 'The Lease could not be read or written in time.'),
      });
      try {
        if (await unlessAborted(this.#tryToAcquire(deadline.signal), deadline.signal)) return;
      } catch (error) {
        signal.throwIfAborted();
        onProblem(error);
      }
      await sleep(clock, retrySeconds * (1 + 1.2 * random()), signal);
    }
  }

  async leadAndRenew(): Promise<void> {
    const { clock, signal, lead, onHeld } = this.#options;
    const over = new AbortController();
    const leading = new AbortController();
    const stop = (): void => leading.abort(signal.reason);
    using deadline = startDeadline({
      clock,
      seconds: this.#secondsLeft(),
      parent: over.signal,
      reason: lost,
    });
    // In the same turn in which time runs out, and before anyone else hears of it.
    deadline.signal.addEventListener('abort', () => leading.abort(deadline.signal.reason), { once: true });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    onHeld(this.#secondsLeft());
    const renewing = this.#renew(deadline);
    try {
      // Told to stop before it began: then it doesn't.
      const work = signal.aborted ? Promise.resolve() : lead(leading.signal);
      work.catch(() => undefined);
      await Promise.race([work, renewing]);
    } catch (error) {
      leading.abort(error);
      // Not given back when it is lost: the work may still be stopping, and the next leader has to wait for that.
      if (isCode(error, 'cluster/leadership-lost')) throw error;
      await this.#giveBack(over, renewing);
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      over.abort();
    }
    await this.#giveBack(over, renewing);
  }

  /** Renews until the deadline's signal is aborted; rejects with its reason, or when somebody else has the Lease. */
  async #renew(deadline: ReturnType<typeof startDeadline>): Promise<never> {
    const { clock, retrySeconds, onHeld, onProblem } = this.#options;
    const { signal } = deadline;
    for (;;) {
      await sleep(clock, retrySeconds, signal);
      try {
        await unlessAborted(this.#tryToRenew(signal), signal);
        deadline.restart(this.#secondsLeft());
        onHeld(this.#secondsLeft());
      } catch (error) {
        signal.throwIfAborted();
        if (isCode(error, 'cluster/leadership-lost')) throw error;
        onProblem(error);
      }
    }
  }

  async #tryToAcquire(signal: AbortSignal): Promise<boolean> {
    const { leases, clock, identity } = this.#options;
    const sentAt = clock.seconds();
    const lease = await leases.get(signal);
    this.#observe(lease);
    if (lease === undefined) {
      const created = await leases.create(this.#spec({ leaseTransitions: 0 }), signal);
      return this.#wrote(created, sentAt);
    }
    const { holderIdentity, leaseTransitions = 0, acquireTime } = lease.spec ?? {};
    // Ours: an earlier try that was given up has arrived after all.
    const ours = holderIdentity === identity;
    if (holderIdentity && !ours && !this.#hasRunOut()) return false;
    const next = this.#spec(
      ours ? { leaseTransitions, acquireTime } : { leaseTransitions: leaseTransitions + 1 },
    );
    const writtenAt = clock.seconds();
    return this.#wrote(
      await leases.replace({ ...lease, spec: { ...lease.spec, ...next } }, signal),
      writtenAt,
    );
  }

  /** A renewal that finds the Lease changed looks at it: if it is still ours, the next one will do. */
  async #tryToRenew(signal: AbortSignal): Promise<void> {
    const { leases, clock, identity } = this.#options;
    if (this.#lease === undefined) throw lost();
    const sentAt = clock.seconds();
    const { leaseTransitions = 0, acquireTime } = this.#lease.spec ?? {};
    const spec = { ...this.#lease.spec, ...this.#spec({ leaseTransitions, acquireTime }) };
    if (this.#wrote(await leases.replace({ ...this.#lease, spec }, signal), sentAt)) return;
    const lease = await leases.get(signal);
    if (lease?.spec?.holderIdentity !== identity) throw lost();
    this.#observe(lease);
  }

  /** Only after the work has ended, and only what is still ours; best effort, for the Lease runs out anyway. */
  async #giveBack(over: AbortController, renewing: Promise<never>): Promise<void> {
    const { leases, clock, renewDeadlineSeconds, identity, onProblem } = this.#options;
    over.abort();
    await renewing.catch(() => undefined);
    using deadline = startDeadline({ clock, seconds: renewDeadlineSeconds, reason: lost });
    try {
      const lease = await unlessAborted(leases.get(deadline.signal), deadline.signal);
      if (lease?.spec?.holderIdentity !== identity) return;
      const spec = { ...lease.spec, holderIdentity: undefined, leaseDurationSeconds: 1 };
      await unlessAborted(leases.replace({ ...lease, spec }, deadline.signal), deadline.signal);
    } catch (error) {
      onProblem(error);
    }
  }

  #observe(lease: Lease | undefined): void {
    const seen = JSON.stringify([lease?.metadata.uid, lease?.spec]);
    this.#lease = lease;
    if (seen === this.#seen) return;
    this.#seen = seen;
    this.#changedAt = this.#options.clock.seconds();
  }

  /** How long the leader may still go on without another renewal. */
  #secondsLeft(): number {
    return this.#renewedAt + this.#options.renewDeadlineSeconds - this.#options.clock.seconds();
  }

  #hasRunOut(): boolean {
    const { clock, leaseSeconds } = this.#options;
    const seconds = this.#lease?.spec?.leaseDurationSeconds ?? leaseSeconds;
    return clock.seconds() - this.#changedAt >= seconds;
  }

  #wrote(lease: Lease | undefined, sentAt: number): boolean {
    if (lease === undefined) return false;
    this.#observe(lease);
    this.#renewedAt = sentAt;
    return true;
  }

  #spec({ leaseTransitions, acquireTime }: Pick<LeaseSpec, 'leaseTransitions' | 'acquireTime'>): LeaseSpec {
    const { identity, leaseSeconds, clock } = this.#options;
    const now = microTime(clock.now());
    return {
      holderIdentity: identity,
      leaseDurationSeconds: leaseSeconds,
      acquireTime: acquireTime ?? now,
      renewTime: now,
      leaseTransitions: leaseTransitions ?? 0,
    };
  }
}

function lost(): BlockstillError {
  return new BlockstillError(
    'cluster/leadership-lost',
    'Another process may lead now: the Lease could not be renewed.',
  );
}
