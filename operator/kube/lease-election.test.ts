import { describe, expect, it } from 'vitest';
import { runElection, type ElectionOptions } from './lease-election.ts';
import type { LeaseSpec } from './lease.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { FakeLease } from './testing/fake-lease.ts';

const otherSpec = (changes: LeaseSpec = {}): LeaseSpec => ({
  holderIdentity: 'other',
  leaseDurationSeconds: 15,
  acquireTime: '2026-03-01T11:00:00.000000Z',
  renewTime: '2026-03-01T11:59:59.000000Z',
  leaseTransitions: 3,
  ...changes,
});

function campaign(leases = new FakeLease(), options: Partial<ElectionOptions> = {}) {
  const clock = new FakeClock();
  const controller = new AbortController();
  const work = Promise.withResolvers<void>();
  const problems: unknown[] = [];
  const leading: { signal?: AbortSignal } = {};
  const ended = runElection({
    leases,
    identity: 'me',
    clock,
    random: () => 0,
    signal: controller.signal,
    lead: async (signal) => {
      leading.signal = signal;
      await work.promise;
    },
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  ended.catch(() => undefined);
  return { leases, clock, controller, work, problems, leading, ended };
}

describe('a candidate', () => {
  it('takes a Lease that nobody has made yet', async () => {
    const { leases, clock, leading } = campaign();
    await clock.advance(0);
    expect(leading.signal?.aborted).toBe(false);
    expect(leases.lease?.spec).toEqual({
      holderIdentity: 'me',
      leaseDurationSeconds: 15,
      acquireTime: '2026-03-01T12:00:00.000000Z',
      renewTime: '2026-03-01T12:00:00.000000Z',
      leaseTransitions: 0,
    });
  });

  it.each(['1990-01-01T00:00:00.000000Z', '2090-01-01T00:00:00.000000Z'])(
    'waits as long as the Lease says from when it first saw it, though it was renewed at %s',
    async (renewTime) => {
      const leases = new FakeLease();
      leases.write({ metadata: { uid: 'u' }, spec: otherSpec({ renewTime, leaseDurationSeconds: 20 }) });
      const { clock, leading } = campaign(leases);
      await clock.advance(19.9);
      expect(leading.signal).toBeUndefined();
      await clock.advance(2);
      expect(leading.signal?.aborted).toBe(false);
      expect(leases.lease?.spec).toMatchObject({ holderIdentity: 'me', leaseTransitions: 4 });
    },
  );

  it('waits anew after each change that it sees', async () => {
    const leases = new FakeLease();
    leases.write({ metadata: { uid: 'u' }, spec: otherSpec() });
    const { clock, leading } = campaign(leases);
    for (let renewals = 0; renewals < 10; renewals += 1) {
      await clock.advance(10);
      // The clock of the other stands still: that it wrote at all is in another field.
      leases.write({ metadata: { uid: 'u' }, spec: otherSpec({ leaseTransitions: renewals }) });
    }
    expect(leading.signal).toBeUndefined();
    await clock.advance(20);
    expect(leading.signal?.aborted).toBe(false);
  });

  it('takes a Lease that was given back without waiting', async () => {
    const leases = new FakeLease();
    leases.write({ metadata: { uid: 'u' }, spec: otherSpec({ holderIdentity: '' }) });
    const { clock, leading } = campaign(leases);
    await clock.advance(0);
    expect(leading.signal?.aborted).toBe(false);
  });

  it('goes on asking when the server does not answer', async () => {
    const leases = new FakeLease();
    leases.failure = new Error('unreachable');
    const { clock, leading, problems } = campaign(leases);
    await clock.advance(7);
    expect(problems).toHaveLength(4);
    leases.failure = undefined;
    await clock.advance(2);
    expect(leading.signal?.aborted).toBe(false);
  });

  it('gives up a call that takes too long', async () => {
    const leases = new FakeLease();
    leases.get = async () => await new Promise(() => undefined);
    const { clock, problems } = campaign(leases);
    await clock.advance(10);
    expect(problems).toMatchObject([{ code: 'cluster/timeout' }]);
  });

  it('ends when it is told to, leaving no timer', async () => {
    const leases = new FakeLease();
    leases.write({ metadata: { uid: 'u' }, spec: otherSpec() });
    const { clock, controller, ended } = campaign(leases);
    await clock.advance(1);
    controller.abort();
    await ended;
    expect(clock.pending).toBe(0);
    expect(leases.writes).toBe(1);
  });
});

describe('a leader', () => {
  it('renews every two seconds, and keeps when it began', async () => {
    const { leases, clock } = campaign();
    await clock.advance(60);
    expect(leases.writes).toBe(31);
    expect(leases.lease?.spec).toMatchObject({
      acquireTime: '2026-03-01T12:00:00.000000Z',
      renewTime: '2026-03-01T12:01:00.000000Z',
      leaseTransitions: 0,
    });
  });

  it('survives failures that are shorter than its deadline', async () => {
    const { leases, clock, leading } = campaign();
    await clock.advance(4);
    for (let outages = 0; outages < 5; outages += 1) {
      leases.failure = new Error('unreachable');
      await clock.advance(7);
      leases.failure = undefined;
      await clock.advance(3);
    }
    expect(leading.signal?.aborted).toBe(false);
  });

  it('stops ten seconds after its last renewal, and the election ends without waiting for the work', async () => {
    const { leases, clock, leading, ended } = campaign();
    await clock.advance(4);
    leases.failure = new Error('unreachable');
    await clock.advance(9.9);
    expect(leading.signal?.aborted).toBe(false);
    await clock.advance(0.1);
    expect(leading.signal?.reason).toMatchObject({ code: 'cluster/leadership-lost' });
    await expect(ended).rejects.toMatchObject({ code: 'cluster/leadership-lost' });
    expect(clock.pending).toBe(0);
  });

  it('counts from when it sent the renewal, not from when the answer came', async () => {
    const leases = new FakeLease();
    const { clock, leading } = campaign(leases);
    await clock.advance(1);
    const { replace } = leases;
    leases.replace = async (lease, signal) => {
      const answer = await replace(lease, signal);
      leases.replace = async () => await new Promise(() => undefined);
      await new Promise<void>((resolve) => clock.after(7, resolve));
      return answer;
    };
    // Sent at 2 s, answered at 9 s, good until 12 s.
    await clock.advance(10.9);
    expect(leading.signal?.aborted).toBe(false);
    await clock.advance(0.1);
    expect(leading.signal?.aborted).toBe(true);
  });

  it('stops at once when somebody else has the Lease', async () => {
    const { leases, clock, leading, ended } = campaign();
    await clock.advance(3);
    leases.write({ metadata: { uid: 'uid-1' }, spec: otherSpec() });
    await clock.advance(1);
    expect(leading.signal?.aborted).toBe(true);
    await expect(ended).rejects.toMatchObject({ code: 'cluster/leadership-lost' });
    expect(leases.lease?.spec?.holderIdentity).toBe('other');
  });

  it('is not disturbed by a change of the Lease that leaves it its own', async () => {
    const { leases, clock, leading } = campaign();
    await clock.advance(3);
    leases.write({ metadata: { uid: 'uid-1' }, spec: leases.lease?.spec ?? {} });
    await clock.advance(30);
    expect(leading.signal?.aborted).toBe(false);
  });

  it('keeps the Lease while its work stops, and gives it back after', async () => {
    const { leases, clock, controller, leading, work, ended } = campaign();
    await clock.advance(3);
    controller.abort(new Error('stop'));
    expect(leading.signal?.reason).toEqual(new Error('stop'));
    await clock.advance(60);
    expect(leases.lease?.spec).toMatchObject({
      holderIdentity: 'me',
      renewTime: '2026-03-01T12:01:02.000000Z',
    });
    work.resolve();
    await ended;
    expect(leases.lease?.spec?.holderIdentity).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('gives the Lease back when its work fails, and says why it failed', async () => {
    const { leases, clock, work, ended } = campaign();
    await clock.advance(3);
    work.reject(new Error('defect'));
    await expect(ended).rejects.toThrow('defect');
    expect(leases.lease?.spec?.holderIdentity).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('does not give back what it could not renew: its work may still be stopping', async () => {
    const leases = new FakeLease();
    const { clock, ended } = campaign(leases);
    await clock.advance(1);
    leases.replace = async () => {
      throw new Error('read only');
    };
    await clock.advance(8.9);
    const given: string[] = [];
    leases.replace = async ({ spec }) => {
      given.push(spec?.holderIdentity ?? 'nobody');
      return await new Promise(() => undefined);
    };
    await clock.advance(0.1);
    await expect(ended).rejects.toMatchObject({ code: 'cluster/leadership-lost' });
    await clock.advance(20);
    expect(given).toEqual([]);
  });

  it('does not begin its work when it was told to stop before, however shortly', async () => {
    const begun: boolean[] = [];
    for (let turns = 0; turns < 30; turns += 1) {
      const leases = new FakeLease();
      const { create } = leases;
      const stop = new AbortController();
      leases.create = async (spec, signal) => {
        const abort = async (): Promise<void> => {
          for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
          stop.abort();
        };
        void abort();
        return await create(spec, signal);
      };
      const lead: ElectionOptions['lead'] = async (signal) => {
        begun.push(signal.aborted);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      };
      const { clock, ended } = campaign(leases, { signal: stop.signal, lead });
      await clock.advance(0);
      await ended;
      expect(clock.pending).toBe(0);
    }
    expect(begun).toContain(false);
    expect(begun).not.toContain(true);
  });

  it('does not give back what somebody else has taken', async () => {
    const { leases, clock, work, ended } = campaign();
    await clock.advance(3);
    leases.write({ metadata: { uid: 'uid-1' }, spec: otherSpec() });
    work.resolve();
    await ended;
    expect(leases.lease?.spec?.holderIdentity).toBe('other');
  });

  it('ends though the Lease can not be given back', async () => {
    const { leases, clock, work, ended, problems } = campaign();
    await clock.advance(3);
    leases.failure = new Error('unreachable');
    work.resolve();
    await ended;
    expect(problems).toEqual([leases.failure]);
  });
});
