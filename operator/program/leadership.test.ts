import { describe, expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { FakeLease } from '../kube/testing/fake-lease.ts';
import { defaultTimings, Leadership } from './leadership.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function candidate() {
  const clock = new FakeClock();
  const leases = new FakeLease();
  const controller = new AbortController();
  const work = Promise.withResolvers<void>();
  /** Until when the watchdog lets the process live. */
  const armed: (number | undefined)[] = [];
  const leadership = new Leadership({
    leases,
    clock,
    logger: silent,
    timings: defaultTimings,
    watchdog: {
      arm: (seconds) => void armed.push(clock.seconds() + seconds),
      disarm: () => void armed.push(undefined),
    },
  });
  const leads = { now: false };
  const ended = leadership.run(controller.signal, async () => {
    leads.now = true;
    await work.promise;
  });
  ended.catch(() => undefined);
  return { clock, leases, controller, work, armed, leadership, leads, ended };
}

describe('a leadership', () => {
  it('holds for ten seconds from each renewal, and not a moment longer', async () => {
    const { clock, leases, leadership } = candidate();
    expect(() => leadership.assertHeld()).toThrow('nothing may be written');
    await clock.advance(5);
    // Renewed at 4 s; from now on no more.
    leases.failure = new Error('unreachable');
    await clock.advance(8.9);
    expect(() => leadership.assertHeld()).not.toThrow();
    await clock.advance(0.1);
    expect(() => leadership.assertHeld()).toThrow('nothing may be written');
  });

  it('arms the watchdog when it begins and with each renewal, and disarms it when the work has ended', async () => {
    const { clock, armed, work, controller, ended, leases } = candidate();
    await clock.advance(4);
    controller.abort();
    await clock.advance(2);
    // Told to stop, it renews as long as the work runs.
    work.resolve();
    await clock.advance(0);
    await ended;
    expect(armed).toEqual([10, 12, 14, 16, undefined]);
    expect(leases.lease?.spec?.holderIdentity).toBeUndefined();
  });

  it('leaves the watchdog alone while it waits for another to end', async () => {
    const { clock, armed, leases, leads, leadership } = candidate();
    leases.write({ metadata: { uid: 'u' }, spec: { holderIdentity: 'other', leaseDurationSeconds: 15 } });
    await clock.advance(14);
    expect(leads.now).toBe(false);
    expect(armed).toEqual([]);
    expect(leadership.problem()).toBeUndefined();
  });

  it('says what keeps it from the Lease, until it has it', async () => {
    const { clock, leases, leadership } = candidate();
    expect(leadership.problem()).toBe('The Lease has not been asked for yet.');
    leases.failure = new Error('forbidden');
    await clock.advance(0);
    expect(leadership.problem()).toBe("The Lease can't be used: forbidden");
    leases.failure = undefined;
    await clock.advance(5);
    expect(leadership.problem()).toBeUndefined();
  });

  it('is of this process and of no other', () => {
    expect(candidate().leadership.identity).not.toBe(candidate().leadership.identity);
  });
});
