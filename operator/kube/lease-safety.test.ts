import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { sleep } from './clock.ts';
import { runElection } from './lease-election.ts';
import type { LeaseStore } from './lease.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { FakeLease } from './testing/fake-lease.ts';

/** What happens to one call: how long each way takes, and which of them gets lost. */
interface Fate {
  readonly thereSeconds: number;
  readonly backSeconds: number;
  readonly lost: 'none' | 'request' | 'answer';
}

interface Machine {
  /** Seconds on its clock for each second that passes. */
  readonly rate: number;
  readonly wallClock: string;
  readonly fates: readonly Fate[];
  /** How long its processes run before they are told to stop, and how long their work then takes. */
  readonly stopAfterSeconds: number;
  readonly windDownSeconds: number;
}

const fate = fc.record({
  thereSeconds: fc.constantFrom(0, 0, 0, 0.5, 3, 8, 20),
  backSeconds: fc.constantFrom(0, 0, 0, 0.5, 3, 8, 20),
  lost: fc.constantFrom('none', 'none', 'none', 'request', 'answer'),
} as const);

const machine = fc.record({
  rate: fc.constantFrom(0.9, 1, 1.1),
  wallClock: fc.constantFrom(
    '1990-01-01T00:00:00.000Z',
    '2026-03-01T12:00:00.000Z',
    '2090-01-01T00:00:00.000Z',
  ),
  fates: fc.array(fate, { minLength: 1, maxLength: 30 }),
  stopAfterSeconds: fc.integer({ min: 5, max: 150 }),
  windDownSeconds: fc.constantFrom(0, 1, 12, 40),
});

const troubleSeconds = 300;

/** The clock of one machine, whose speed and date are its own. */
function clockOf(world: FakeClock, { rate, wallClock }: Machine): Clock {
  return {
    now: () => new Date(Date.parse(wallClock) + Math.round(world.seconds() * rate * 1000)),
    seconds: () => world.seconds() * rate,
    after: (seconds, action) => world.after(seconds / rate, action),
  };
}

/** The Lease as a machine reaches it. A call that was given up may still arrive, as on a real network. */
function reached(world: FakeClock, lease: FakeLease, { fates }: Machine): LeaseStore {
  let calls = 0;
  const through = async <T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    const calm = { thereSeconds: 0, backSeconds: 0, lost: 'none' } as const;
    const next = world.seconds() < troubleSeconds ? (fates[calls % fates.length] ?? calm) : calm;
    calls += 1;
    const answered = (async () => {
      await sleep(world, next.thereSeconds);
      if (next.lost === 'request') throw new Error('lost on the way');
      const answer = await call();
      await sleep(world, next.backSeconds);
      if (next.lost === 'answer') throw new Error('lost on the way back');
      return answer;
    })();
    answered.catch(() => undefined);
    return await Promise.race([
      answered,
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
    ]);
  };
  return {
    get: async (signal) => await through(async () => await lease.get(signal), signal),
    create: async (spec, signal) => await through(async () => await lease.create(spec, signal), signal),
    replace: async (changed, signal) =>
      await through(async () => await lease.replace(changed, signal), signal),
  };
}

/** Lets one process after another run on a machine; each tells `watch` when it leads. */
async function operate(
  world: FakeClock,
  leases: LeaseStore,
  {
    spec,
    name,
    leaders,
    over,
  }: {
    readonly spec: Machine;
    readonly name: string;
    readonly leaders: Leaders;
    readonly over: AbortSignal;
  },
): Promise<void> {
  const random = [0.1, 0.9, 0.4];
  for (let life = 1; !over.aborted; life += 1) {
    const identity = `${name}-${life}`;
    const stop = new AbortController();
    const cancel = world.after(spec.stopAfterSeconds, () => {
      if (world.seconds() < troubleSeconds) stop.abort();
    });
    over.addEventListener('abort', () => stop.abort(), { once: true });
    await runElection({
      leases,
      identity,
      clock: clockOf(world, spec),
      random: () => random[life % random.length] ?? 0,
      signal: stop.signal,
      onProblem: () => undefined,
      lead: async (signal) => {
        leaders.begin(identity);
        signal.addEventListener('abort', () => {
          if (!stop.signal.aborted) leaders.end(identity);
        });
        if (signal.aborted) return;
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        );
        if (stop.signal.aborted && !over.aborted) await sleep(world, spec.windDownSeconds);
        leaders.end(identity);
      },
    }).catch(() => undefined);
    // A process that has lost the Lease ends, whatever its work does.
    leaders.end(identity);
    cancel();
    if (!over.aborted) await sleep(world, 1);
  }
}

/** Who leads at each moment. */
class Leaders {
  readonly now = new Set<string>();
  readonly tooMany: string[] = [];
  all = 0;

  begin(identity: string): void {
    this.now.add(identity);
    this.all += 1;
    if (this.now.size > 1) this.tooMany.push([...this.now].join(' and '));
  }

  end(identity: string): void {
    this.now.delete(identity);
  }
}

it('never do two lead, whatever the network and the clocks do; and one does when the trouble is over', async () => {
  let elections = 0;
  const property = fc.asyncProperty(fc.array(machine, { minLength: 2, maxLength: 3 }), async (machines) => {
    const world = new FakeClock();
    const lease = new FakeLease();
    const leaders = new Leaders();
    const over = new AbortController();
    const running = machines.map(
      async (spec, index) =>
        await operate(world, reached(world, lease, spec), {
          spec,
          name: `machine${index}`,
          leaders,
          over: over.signal,
        }),
    );
    await world.advance(troubleSeconds);
    expect(leaders.tooMany).toEqual([]);
    await world.advance(80);
    expect(leaders.tooMany).toEqual([]);
    expect(leaders.now.size).toBe(1);
    elections += leaders.all;
    over.abort();
    await world.advance(100);
    await Promise.all(running);
  });
  await fc.assert(property, { numRuns: 60 });
  // It would prove nothing if hardly anybody led.
  expect(elections).toBeGreaterThan(180);
});
