import { describe, expect, it } from 'vitest';
import { sleep } from './clock.ts';
import { runElection } from './lease-election.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { FakeLease } from './testing/fake-lease.ts';

describe('a leader tells how long it may rely on the Lease', () => {
  it('from when it sent the last renewal that succeeded, not from when the answer came', async () => {
    const clock = new FakeClock();
    const leases = new FakeLease();
    const held: { at: number; until: number }[] = [];
    const controller = new AbortController();
    let answerSeconds = 0;
    const replace = leases.replace;
    leases.replace = async (lease, signal) => {
      await sleep(clock, answerSeconds, signal);
      return await replace(lease, signal);
    };
    const ended = runElection({
      leases,
      identity: 'me',
      clock,
      random: () => 0,
      signal: controller.signal,
      onHeld: (seconds) => held.push({ at: clock.seconds(), until: clock.seconds() + seconds }),
      lead: async (signal) => {
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        );
      },
      onProblem: () => undefined,
    });
    await clock.advance(3);
    answerSeconds = 4;
    await clock.advance(8);
    expect(held).toEqual([
      { at: 0, until: 10 },
      { at: 2, until: 12 },
      { at: 8, until: 14 },
    ]);
    answerSeconds = 0;
    controller.abort();
    await clock.advance(10);
    await ended;
  });

  it('says nothing while somebody else leads, nor when a try of which it no longer waited comes through', async () => {
    const clock = new FakeClock();
    const leases = new FakeLease();
    leases.write({
      metadata: { uid: 'u' },
      spec: { holderIdentity: 'other', leaseDurationSeconds: 15 },
    });
    const controller = new AbortController();
    const replace = leases.replace;
    // Arrives, but says so only after the deadline of the try.
    leases.replace = async (lease, signal) => {
      const answer = await replace(lease, signal);
      await sleep(clock, 11);
      return answer;
    };
    const held: number[] = [];
    const ended = runElection({
      leases,
      identity: 'me',
      clock,
      random: () => 0,
      signal: controller.signal,
      onHeld: (seconds) => held.push(seconds),
      lead: async () => undefined,
      onProblem: () => undefined,
    });
    await clock.advance(29);
    expect(leases.lease?.spec?.holderIdentity).toBe('me');
    expect(held).toEqual([]);
    controller.abort();
    await ended;
  });
});
