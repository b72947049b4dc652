import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from './testing/fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

const newQueue = () => {
  const clock = new FakeClock();
  return { clock, queue: new WorkQueue({ clock, baseSeconds: 1, maximumSeconds: 8 }) };
};

describe('a work queue', () => {
  it('hands out keys in the order in which they came, each once', async () => {
    const { queue } = newQueue();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.length).toBe(3);
    expect([await queue.next(), await queue.next(), await queue.next()]).toEqual(['a', 'b', 'c']);
  });

  it('gives a key that is being worked on to nobody else, and once more when it is done', async () => {
    const { queue } = newQueue();
    queue.add('a');
    await queue.next();
    queue.add('a');
    queue.add('a');
    expect(queue.length).toBe(0);
    queue.add('b');
    queue.done('a');
    expect([await queue.next(), await queue.next()]).toEqual(['b', 'a']);
    queue.done('a');
    queue.done('b');
    expect(queue.length).toBe(0);
  });

  it('lets workers wait for a key, first come first served', async () => {
    const { queue } = newQueue();
    const taken = Promise.all([queue.next(), queue.next()]);
    queue.add('a');
    queue.add('b');
    expect(await taken).toEqual(['a', 'b']);
  });

  it('adds at the earliest of the times asked for', async () => {
    const { queue, clock } = newQueue();
    queue.addAfter('a', 10);
    queue.addAfter('a', 3);
    queue.addAfter('a', 20);
    await clock.advance(2.9);
    expect(queue.length).toBe(0);
    await clock.advance(0.1);
    expect(queue.length).toBe(1);
    await queue.next();
    queue.done('a');
    await clock.advance(100);
    expect(queue.length).toBe(0);
  });

  it('hands out what is left after it is shut down, and no more', async () => {
    const { queue, clock } = newQueue();
    queue.add('a');
    queue.addAfter('b', 1);
    queue.shutDown();
    queue.add('c');
    queue.addAfter('d', 1);
    queue.addRateLimited('e');
    expect(clock.pending).toBe(0);
    expect([await queue.next(), await queue.next()]).toEqual(['a', undefined]);
  });

  it('is drained when nobody works any more', async () => {
    const { queue } = newQueue();
    queue.add('a');
    queue.add('b');
    await queue.next();
    await queue.next();
    let drained = false;
    const draining = queue.shutDownWithDrain().then(() => (drained = true));
    queue.done('a');
    await Promise.resolve();
    expect(drained).toBe(false);
    queue.done('b');
    await draining;
    await queue.shutDownWithDrain();
  });

  it('notices a worker that finishes what it did not take', () => {
    expect(() => newQueue().queue.done('a')).toThrow('nobody works on a');
  });
});

/** As the documentation of client-go's workqueue has it: a list, what is dirty, and what is processed. */
class Model {
  list: string[] = [];
  readonly dirty = new Set<string>();
  readonly processing = new Set<string>();
  readonly due = new Map<string, number>();
  readonly failures = new Map<string, number>();
  readonly taken: (string | undefined)[] = [];
  takers = 0;
  down = false;
  now = 0;

  add(key: string): void {
    if (this.down || this.dirty.has(key)) return;
    this.dirty.add(key);
    if (!this.processing.has(key)) this.list.push(key);
    this.serve();
  }

  addAfter(key: string, seconds: number): void {
    if (this.down) return;
    if (seconds <= 0) this.add(key);
    else this.due.set(key, Math.min(this.due.get(key) ?? Infinity, this.now + seconds));
  }

  done(key: string): void {
    this.processing.delete(key);
    if (this.dirty.has(key)) this.list.push(key);
    this.serve();
  }

  advance(seconds: number): void {
    const end = this.now + seconds;
    for (;;) {
      const [first] = [...this.due].filter(([, at]) => at <= end).toSorted((a, b) => a[1] - b[1]);
      if (first === undefined) break;
      this.now = first[1];
      this.due.delete(first[0]);
      this.add(first[0]);
    }
    this.now = end;
  }

  serve(): void {
    while (this.takers > 0 && (this.list.length > 0 || this.down)) {
      const key = this.list.shift();
      if (key !== undefined) {
        this.dirty.delete(key);
        this.processing.add(key);
      }
      this.taken.push(key);
      this.takers -= 1;
    }
  }
}

class Real {
  readonly clock = new FakeClock();
  readonly queue = new WorkQueue({ clock: this.clock, baseSeconds: 1, maximumSeconds: 8 });
  readonly taken: (string | undefined)[] = [];
}

type Command = fc.AsyncCommand<Model, Real>;

function command(
  name: string,
  {
    check = () => true,
    model,
    real,
  }: {
    check?: (model: Model) => boolean;
    model: (model: Model) => void;
    real: (real: Real) => void | Promise<void>;
  },
): Command {
  return {
    check,
    toString: () => name,
    run: async (expected, actual) => {
      model(expected);
      await real(actual);
      await actual.clock.advance(0);
      expect(actual.taken).toEqual(expected.taken);
      expect(actual.queue.length).toBe(expected.list.length);
      for (const key of keys) expect(actual.queue.retries(key)).toBe(expected.failures.get(key) ?? 0);
    },
  };
}

const keys = ['a', 'b', 'c'] as const;
const key = fc.constantFrom(...keys);

const commands = [
  key.map((k) => command(`add ${k}`, { model: (m) => m.add(k), real: ({ queue }) => queue.add(k) })),
  // Times in quarters of a second, and other quarters for each key: two that come due at once have no order.
  fc.tuple(fc.integer({ min: -1, max: 20 }), key).map(([seconds, k]) => {
    const after = seconds + keys.indexOf(k) / 4;
    return command(`add ${k} after ${after} s`, {
      model: (m) => m.addAfter(k, after),
      real: ({ queue }) => queue.addAfter(k, after),
    });
  }),
  key.map((k) =>
    command(`fail ${k}`, {
      check: (m) => keys.every((other) => other === k || !m.due.has(other)),
      model: (m) => {
        const failures = m.failures.get(k) ?? 0;
        m.failures.set(k, failures + 1);
        m.addAfter(k, Math.min(8, 2 ** failures));
      },
      real: ({ queue }) => queue.addRateLimited(k),
    }),
  ),
  key.map((k) =>
    command(`forget ${k}`, { model: (m) => m.failures.delete(k), real: ({ queue }) => queue.forget(k) }),
  ),
  key.map((k) =>
    command(`done ${k}`, {
      check: (m) => m.processing.has(k),
      model: (m) => m.done(k),
      real: ({ queue }) => queue.done(k),
    }),
  ),
  fc.constant(
    command('next', {
      model: (m) => {
        m.takers += 1;
        m.serve();
      },
      real: ({ queue, taken }) => {
        void queue.next().then((taker) => taken.push(taker));
      },
    }),
  ),
  fc.integer({ min: 1, max: 10 }).map((seconds) =>
    command(`wait ${seconds} s`, {
      model: (m) => m.advance(seconds),
      real: async ({ clock }) => await clock.advance(seconds),
    }),
  ),
];

const shutDown = command('shut down', {
  model: (m) => {
    m.down = true;
    m.due.clear();
    m.serve();
  },
  real: ({ queue }) => queue.shutDown(),
});

describe('whatever is done to it, a work queue', () => {
  it('does what a list with a dirty set and a processing set does', async () => {
    const all = fc.commands([...commands, ...commands, fc.constant(shutDown)], { maxCommands: 60 });
    const property = fc.asyncProperty(all, async (run) => {
      await fc.asyncModelRun(() => ({ model: new Model(), real: new Real() }), run);
    });
    await expect(fc.assert(property, { numRuns: 300 })).resolves.toBeUndefined();
  });

  it('gives no key to two workers, and forgets none, in whatever order they finish', async () => {
    const property = fc.asyncProperty(
      fc.scheduler(),
      fc.array(key, { maxLength: 20 }),
      fc.integer({ min: 1, max: 4 }),
      async (scheduler, added, workers) => {
        const { queue } = newQueue();
        const wanted = new Map<string, number>();
        const seen = new Map<string, number>();
        const working = new Set<string>();
        const work = async (): Promise<void> => {
          for (let taken = await queue.next(); taken !== undefined; taken = await queue.next()) {
            expect(working.has(taken)).toBe(false);
            working.add(taken);
            const version = wanted.get(taken) ?? 0;
            await scheduler.schedule(Promise.resolve(), `work on ${taken}`);
            seen.set(taken, version);
            working.delete(taken);
            queue.done(taken);
          }
        };
        const running = Array.from({ length: workers }, work);
        scheduler.scheduleSequence(
          added.map((each) => ({
            label: `add ${each}`,
            builder: async () => {
              wanted.set(each, (wanted.get(each) ?? 0) + 1);
              queue.add(each);
            },
          })),
        );
        await scheduler.waitIdle();
        queue.shutDown();
        await Promise.all(running);
        expect(seen).toEqual(wanted);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });
});
