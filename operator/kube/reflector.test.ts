import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useHttpMock } from '../../test/http.ts';
import { BlockstillError } from '../../common/error.ts';
import { ApiError } from './api-error.ts';
import { ConnectionError } from './connection-error.ts';
import { listWatch, Reflector, type ListWatch } from './reflector.ts';
import { keyOf, type StoreChange } from './store.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { expired, FakeSource } from './testing/fake-source.ts';
import { widgets, type Widget } from './testing/resources.ts';
import { testClient } from './testing/test-client.ts';

const nock = useHttpMock();

/** What these reflectors keep of a widget. */
const project = ({ metadata }: Widget) => ({
  metadata: {
    namespace: metadata.namespace,
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
  },
  colour: metadata.labels?.['colour'] ?? 'none',
});

type Kept = ReturnType<typeof project>;

function start(source: ListWatch<Widget>, clock = new FakeClock()) {
  const changes: StoreChange<Kept>[] = [];
  const problems: BlockstillError[] = [];
  const controller = new AbortController();
  const reflector = new Reflector({
    source,
    clock,
    indices: { colour: ({ colour }: Kept) => [colour] },
    random: () => 0.5,
    project,
    onChange: (change) => changes.push(change),
    onProblem: (problem) => problems.push(problem),
  });
  const running = reflector.run(controller.signal);
  running.catch(() => undefined);
  const stop = async (): Promise<void> => {
    controller.abort();
    await running;
  };
  return { clock, changes, problems, reflector, running, stop, [Symbol.asyncDispose]: stop };
}

const summary = (changes: readonly StoreChange<Kept>[]) =>
  changes.map(({ type, object }) => `${type} ${object.metadata.name} ${object.metadata.uid}`);

const broken = () => new ConnectionError('WATCH', Object.assign(new Error('reset'), { code: 'ECONNRESET' }));

describe('a reflector', () => {
  it('lists, then follows the changes, and keeps only the fields in use', async () => {
    const source = new FakeSource();
    source.write('a', 'red');
    await using run = start(source);
    expect(run.reflector.isSynced).toBe(false);
    await run.reflector.synced;
    expect(run.reflector.isSynced).toBe(true);
    source.write('b', 'blue');
    source.write('a', 'blue');
    source.remove('b');
    await run.clock.advance(0);
    expect(summary(run.changes)).toEqual([
      'Added a uid-1',
      'Added b uid-2',
      'Updated a uid-1',
      'Deleted b uid-2',
    ]);
    expect(run.reflector.store.list()).toEqual([
      { metadata: { namespace: 'lab', name: 'a', uid: 'uid-1', resourceVersion: '4' }, colour: 'blue' },
    ]);
    expect(run.reflector.store.byIndex('colour', 'red')).toEqual([]);
    expect(source.lists).toBe(1);
  });

  it('takes what was deleted and made anew while it was not looking for two objects', async () => {
    const source = new FakeSource();
    source.write('a', 'red');
    await using run = start(source);
    await run.clock.advance(0);
    source.failures.push(broken());
    source.cut(broken());
    await run.clock.advance(0);
    source.remove('a');
    source.write('a', 'red');
    source.forget();
    await run.clock.advance(30);
    expect(summary(run.changes)).toEqual(['Added a uid-1', 'Deleted a uid-1', 'Added a uid-2']);
  });

  it('goes on where it was after a broken connection, a silent one and an end in order', async () => {
    const source = new FakeSource();
    await using run = start(source);
    await run.clock.advance(10);
    source.write('a', 'red');
    source.bookmark();
    for (const end of [
      broken(),
      new BlockstillError('cluster/watch-silent', 'silent'),
      'in order',
    ] as const) {
      source.cut(end);
      await run.clock.advance(200);
    }
    expect(source.lists).toBe(1);
    expect(source.watches).toEqual(['1', '1', '2', '2']);
  });

  it('lists again at once when its place is forgotten, and calls that no problem', async () => {
    const source = new FakeSource();
    await using run = start(source);
    await run.clock.advance(1);
    source.cut(expired());
    await run.clock.advance(0);
    expect(source.lists).toBe(2);
    expect(run.problems).toEqual([]);
    // Again and again is another matter.
    for (let count = 0; count < 50; count += 1) {
      source.cut(expired());
      await run.clock.advance(0);
    }
    expect(source.lists).toBeLessThan(4);
  });

  it('lists again when it can not know what it missed', async () => {
    const source = new FakeSource();
    await using run = start(source);
    await run.clock.advance(1);
    source.cut(new BlockstillError('cluster/malformed-answer', 'no event'));
    await run.clock.advance(1);
    expect(source.lists).toBe(2);
    expect(run.problems).toMatchObject([{ code: 'cluster/malformed-answer' }]);
  });

  it('waits longer and longer while nothing works, and as long as the server asks', async () => {
    const source = new FakeSource();
    const error = (retryAfterSeconds?: number) =>
      new ApiError({ httpStatus: 503, status: undefined, where: 'LIST', retryAfterSeconds });
    source.failures.push(error(), error(), error(60), ...Array.from({ length: 10 }, () => error()));
    await using run = start(source);
    // 0.8 s doubled each time, times 0.75 for a random number of 0.5; at most 30 s times 0.75.
    const waits = [0.6, 1.2, 60, 4.8, 9.6, 19.2, 22.5, 22.5];
    for (const [index, seconds] of waits.entries()) {
      await run.clock.advance(seconds - 0.01);
      expect(source.lists).toBe(index + 1);
      await run.clock.advance(0.011);
      expect(source.lists).toBe(index + 2);
    }
    expect(run.problems).toHaveLength(waits.length + 1);
    await run.clock.advance(1000);
    await run.reflector.synced;
  });

  it('does not ask in a tight loop when the server ends each watch at once', async () => {
    const source = new FakeSource();
    await using run = start(source);
    for (let count = 0; count < 100; count += 1) {
      source.cut('in order');
      await run.clock.advance(0);
    }
    expect(source.watches.length).toBeLessThan(4);
  });

  it('lists everything again once an hour', async () => {
    const source = new FakeSource();
    await using run = start(source);
    await run.clock.advance(3599);
    source.cut('in order');
    await run.clock.advance(0);
    expect(source.lists).toBe(1);
    await run.clock.advance(2);
    source.cut('in order');
    await run.clock.advance(0);
    expect(source.lists).toBe(2);
  });

  it('says since when nothing can have come and gone unseen', async () => {
    const source = new FakeSource();
    await using run = start(source);
    const { clock, reflector } = run;
    expect(reflector.completeSince).toBeUndefined();
    await clock.advance(1);
    const first = reflector.completeSince;
    expect(first).toEqual(new Date(clock.now().getTime() - 1000));
    await clock.advance(10);
    source.cut(broken());
    await clock.advance(10);
    expect(reflector.completeSince).toEqual(first);
    source.cut(new BlockstillError('cluster/malformed-answer', 'no event'));
    await clock.advance(10);
    const second = reflector.completeSince;
    expect(second?.getTime()).toBeGreaterThan(first?.getTime() ?? Infinity);
    // What is listed in good order once an hour has missed nothing.
    await clock.advance(3600);
    source.cut('in order');
    await clock.advance(0);
    expect(source.lists).toBe(3);
    expect(reflector.completeSince).toEqual(second);
  });

  it('says how old its view may be', async () => {
    const source = new FakeSource();
    await using run = start(source);
    await run.clock.advance(100);
    expect(run.reflector.secondsSinceContact()).toBe(100);
    source.bookmark();
    await run.clock.advance(20);
    expect(run.reflector.secondsSinceContact()).toBe(20);
  });

  it('leaves nothing behind when it is stopped, wherever it is', async () => {
    const source = new FakeSource();
    const run = start(source);
    await run.clock.advance(1);
    await run.stop();
    source.failures.push(broken());
    const waiting = start(source, run.clock);
    await waiting.clock.advance(0);
    await waiting.stop();
    expect(run.clock.pending).toBe(0);
  });

  it('ends with what a handler throws: that is a defect', async () => {
    const source = new FakeSource();
    const controller = new AbortController();
    const defect = new Error('oops');
    const reflector = new Reflector({
      source,
      clock: new FakeClock(),
      indices: {},
      random: () => 0.5,
      project,
      onChange: () => {
        throw defect;
      },
      onProblem: () => undefined,
    });
    source.write('a', 'red');
    await expect(reflector.run(controller.signal)).rejects.toBe(defect);
  });

  it('lists and watches the same selection', async () => {
    const path = '/apis/example.dev/v1/namespaces/lab/widgets';
    const metadata = { namespace: 'lab', name: 'a', uid: 'u', resourceVersion: '5' };
    nock('http://cluster.test')
      .get(path)
      .query({ labelSelector: 'x=y', limit: '500' })
      .reply(200, { metadata: { resourceVersion: '6' }, items: [{ metadata }] });
    const event = { type: 'MODIFIED', object: { metadata: { ...metadata, resourceVersion: '7' } } };
    nock('http://cluster.test')
      .get(path)
      .query({
        labelSelector: 'x=y',
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: '6',
        timeoutSeconds: '450',
      })
      .reply(200, `${JSON.stringify(event)}\n`);
    await using client = testClient('http://cluster.test');
    const source = listWatch(client, widgets, { namespace: 'lab', labelSelector: 'x=y' });
    const controller = new AbortController();
    const types: string[] = [];
    const reflector = new Reflector({
      source,
      clock: new FakeClock(),
      indices: {},
      random: () => 0.5,
      project,
      onChange: ({ type }) => {
        types.push(type);
        if (type === 'Updated') controller.abort();
      },
      onProblem: () => undefined,
    });
    await reflector.run(controller.signal);
    expect(types).toEqual(['Added', 'Updated']);
  });
});

const name = fc.constantFrom('a', 'b', 'c');
const step = fc.record({
  action: fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('write' as const),
        name,
        colour: fc.constantFrom('red', 'blue'),
      }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('remove' as const), name }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('recreate' as const), name }) },
    fc.record({
      type: fc.constantFrom('bookmark', 'forget', 'end', 'break', 'silence', 'expire', 'fail', 'garble'),
    }),
  ),
  /** Undefined: the next step comes before anything could react to this one. */
  wait: fc.option(fc.constantFrom(0, 0, 1, 5, 400), { nil: undefined }),
});

type Action = (typeof step extends fc.Arbitrary<infer S extends { action: unknown }> ? S : never)['action'];

function perform(source: FakeSource, action: Action): void {
  switch (action.type) {
    case 'write':
      return source.write(action.name, action.colour);
    case 'remove':
      return source.remove(action.name);
    case 'recreate':
      source.remove(action.name);
      return source.write(action.name, 'red');
    case 'bookmark':
      return source.bookmark();
    case 'forget':
      return source.forget();
    case 'end':
      return source.cut('in order');
    case 'break':
      return source.cut(broken());
    case 'silence':
      return source.cut(new BlockstillError('cluster/watch-silent', 'silent'));
    case 'expire':
      return source.cut(expired());
    case 'garble':
      return source.cut(new BlockstillError('cluster/malformed-answer', 'no event'));
    case 'fail':
      source.failures.push(broken());
      return source.cut(broken());
  }
}

/** Replays the changes: each object is added once, changed from what it was, and deleted once, by its UID. */
function replay(changes: readonly StoreChange<Kept>[]): {
  alive: Map<string, Kept>;
  wrong: StoreChange<Kept>[];
} {
  const alive = new Map<string, Kept>();
  const ended = new Set<string>();
  const wrong = changes.filter((change) => {
    const key = keyOf(change.object);
    const { uid } = change.object.metadata;
    const known = alive.get(key);
    if (change.type === 'Added') {
      alive.set(key, change.object);
      return known !== undefined || ended.has(uid);
    }
    if (change.type === 'Updated') {
      alive.set(key, change.object);
      return change.previous !== known || known.metadata.uid !== uid;
    }
    alive.delete(key);
    ended.add(uid);
    return known?.metadata.uid !== uid;
  });
  return { alive, wrong };
}

const byKey = (objects: Iterable<Kept>) => new Map([...objects].map((each) => [keyOf(each), each]));

describe('whatever happens to the connection, a reflector', () => {
  it('ends up with what the server has, and has told a story that hangs together', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const source = new FakeSource();
        await using run = start(source);
        const { store } = run.reflector;
        for (const { action, wait } of steps) {
          perform(source, action);
          if (wait !== undefined) await run.clock.advance(wait);
          expect(replay(run.changes)).toEqual({ alive: byKey(store.list()), wrong: [] });
        }
        await run.clock.advance(200);
        expect(byKey(store.list())).toEqual(byKey([...source.objects.values()].map(project)));
        for (const colour of ['red', 'blue']) {
          const wanted = [...source.objects.values()].map(project).filter((each) => each.colour === colour);
          expect(byKey(store.byIndex('colour', colour))).toEqual(byKey(wanted));
        }
      }),
      { numRuns: 200 },
    );
  });
});
