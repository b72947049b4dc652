import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Progress } from '../../worker/contract/progress.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import type { ChildPod } from './children.ts';
import { fetchWithin, ProgressPoller } from './progress-poller.ts';
import { aPod, podStatus } from './testing/children.ts';

const signal = new AbortController().signal;
const runs = aPod({ status: podStatus.running() });
const { uid } = runs.metadata;

const progress = (change: Partial<Progress> = {}): Progress => ({
  version: 1,
  stage: 'Distill',
  unit: 'unit-000',
  attempt: uid,
  activity: 'Training',
  fraction: 0.5,
  samplesPerSecond: 10,
  etaSeconds: 20,
  blocks: [],
  ...change,
});

function start(pods: readonly ChildPod[] = [runs]) {
  const clock = new FakeClock();
  const world = { pods, answer: JSON.stringify(progress()) as string | undefined };
  const asked: string[] = [];
  const poller = new ProgressPoller({
    clock,
    pods: () => world.pods,
    fetchText: async (url) => {
      asked.push(url);
      return await Promise.resolve(world.answer);
    },
  });
  /** Seconds at which it asks, within the next so many. */
  const askedWithin = async (seconds: number): Promise<number[]> => {
    const times: number[] = [];
    for (let second = 0; second < seconds; second += 1) {
      const before = asked.length;
      await poller.askAll(signal);
      if (asked.length > before) times.push(second);
      await clock.advance(1);
    }
    return times;
  };
  return { world, asked, poller, askedWithin };
}

describe('running workers', () => {
  it('are asked at the address of their pod', async () => {
    const { asked, poller } = start([
      runs,
      { ...runs, metadata: { ...runs.metadata, uid: 'b' }, address: 'fd00::7' },
    ]);
    await poller.askAll(signal);
    expect(asked).toEqual(['http://10.0.0.7:8472/progress', 'http://[fd00::7]:8472/progress']);
    expect(poller.progress.get(uid)?.fraction).toBe(0.5);
  });

  it('are asked every 15 s, and those that do not answer less and less', async () => {
    expect(await start().askedWithin(60)).toEqual([0, 15, 30, 45]);
    const silent = start();
    silent.world.answer = undefined;
    expect(await silent.askedWithin(300)).toEqual([0, 15, 45, 105, 225]);
  });

  it('that have nothing to say yet are asked as often as others', async () => {
    const { world, poller, askedWithin } = start();
    world.answer = '';
    expect(await askedWithin(31)).toEqual([0, 15, 30]);
    expect(poller.progress.size).toBe(0);
  });

  it.each([
    {
      of: 'of another pod, which has the address now',
      answer: JSON.stringify(progress({ attempt: 'other' })),
    },
    { of: 'of something that is no worker', answer: '<html>Hello</html>' },
    { of: 'of a version that is not known', answer: JSON.stringify({ ...progress(), version: 99 }) },
  ])('are not believed the words $of', async ({ answer }) => {
    const { world, poller } = start();
    world.answer = answer;
    await poller.askAll(signal);
    expect(poller.progress.size).toBe(0);
  });

  it('are the only ones that are asked, and forgotten when they have ended', async () => {
    const { world, poller, asked } = start();
    await poller.askAll(signal);
    world.pods = [aPod({ status: podStatus.ended(0) }), aPod({ attempt: 2 })];
    await poller.askAll(signal);
    expect(asked).toHaveLength(1);
    expect(poller.progress.size).toBe(0);
  });

  it('are asked 64 at a time', async () => {
    const pods = Array.from({ length: 100 }, (_, index) => ({
      ...runs,
      metadata: { ...runs.metadata, uid: `pod-${index}` },
    }));
    let [open, most] = [0, 0];
    const poller = new ProgressPoller({
      clock: new FakeClock(),
      pods: () => pods,
      fetchText: async () => {
        open += 1;
        most = Math.max(most, open);
        await Promise.resolve();
        open -= 1;
        return undefined;
      },
    });
    await poller.askAll(signal);
    expect(most).toBe(64);
  });
});

describe('an answer over the network', () => {
  async function answerOf(listener: RequestListener, given = signal): Promise<string | undefined> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      return await fetchWithin(`http://127.0.0.1:${(server.address() as AddressInfo).port}/progress`, given);
    } finally {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
  }

  it('is its text', async () => {
    expect(await answerOf((_, response) => response.end('{"fraction":0.5}'))).toBe('{"fraction":0.5}');
  });

  it('is empty when there is nothing to say yet (204)', async () => {
    expect(await answerOf((_, response) => response.writeHead(204).end())).toBe('');
  });

  it.each([
    { of: 'an error', listener: (_: unknown, response) => response.writeHead(500).end('no') },
    {
      of: 'another place',
      listener: (_: unknown, response) => response.writeHead(302, { location: 'http://127.0.0.1/' }).end(),
    },
    {
      of: 'more than a worker has to say',
      listener: (_: unknown, response) => response.end('x'.repeat(256 * 1024 + 1)),
    },
    { of: 'a connection that breaks', listener: (request) => request.destroy() },
    { of: 'a second of silence', listener: () => undefined },
  ] satisfies { of: string; listener: RequestListener }[])('is none with $of', async ({ listener }) => {
    expect(await answerOf(listener)).toBeUndefined();
  });

  it('is not waited for when it is no longer wanted', async () => {
    expect(await answerOf((_, response) => response.end('{}'), AbortSignal.abort())).toBeUndefined();
  });
});
