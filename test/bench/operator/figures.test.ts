import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { labels } from '../../../operator/cluster/names.ts';
import { FakeClock } from '../../../operator/kube/testing/fake-clock.ts';
import type { JobObject, PodObject } from '../../chaos/objects.ts';
import { countRequests } from './audit-log.ts';
import { figuresOf } from './figures.ts';
import { watchProcess } from './process-watch.ts';
import { TimelineWatch } from './timeline.ts';

const noRequests = { total: 0, byKind: {} };

function child(stage: string, jobUid: string): { metadata: { uid: string; labels: Record<string, string> } } {
  return {
    metadata: {
      uid: `${stage}-${jobUid}-${Math.random()}`,
      labels: { [labels.stage]: stage, [labels.jobUid]: jobUid },
    },
  };
}
const job = (stage: string, jobUid: string) =>
  ({ type: 'ADDED', object: { ...child(stage, jobUid), spec: {} } as JobObject }) as const;
const completed = (jobUid: string) =>
  ({
    type: 'MODIFIED',
    object: {
      ...child('distill', jobUid),
      spec: {},
      status: { conditions: [{ type: 'Complete', status: 'True' }] },
    } as unknown as JobObject,
  }) as const;
const ended = (jobUid: string) =>
  ({
    type: 'MODIFIED',
    object: { ...child('distill', jobUid), spec: {}, status: { phase: 'Succeeded' } } as unknown as PodObject,
  }) as const;

test('rates count from the release to the last unit, and between the first and the last tenth', () => {
  // A unit each tenth of a second from 1 s on.
  const distill = Array.from({ length: 20 }, (_, index) => 100 + 1 + 0.1 * (index + 1));
  const timeline = {
    created: { prepare: [], distill, finetune: [] },
    finetuneLatencies: [0.1, 0.3, 0.2],
    finetuneAfterJob: [0, 0],
  };
  const samples = [10, 30, 20].map((residentBytes, seconds) => ({
    seconds,
    residentBytes,
    cpuSeconds: seconds,
  }));
  const requests = { total: 42, byKind: {} };
  const figures = figuresOf({
    timeline,
    releasedAt: 100,
    requests,
    samples,
    samplesAtAllUnits: 1,
    children: 21,
  });
  // The last at 3.0 s; the 2nd at 1.2 s, the 18th at 2.8 s.
  expect(figures.unitsPerSecond).toBeCloseTo(20 / 3, 9);
  expect(figures.unitsPerSecondBetween).toBeCloseTo(16 / 1.6, 9);
  expect(figures).toMatchObject({
    finetuneLatency: { p50: 0.2, p99: 0.3 },
    requestsPerChild: 2,
    cpuSecondsPerChild: 2 / 21,
    liveBytes: 10,
    peakBytes: 30,
    finalBytes: 20,
  });
});

test('nothing measured is no figure', () => {
  const timeline = {
    created: { prepare: [], distill: [], finetune: [] },
    finetuneLatencies: [],
    finetuneAfterJob: [],
  };
  const empty = {
    timeline,
    releasedAt: 0,
    requests: noRequests,
    samples: [],
    samplesAtAllUnits: 0,
    children: 1,
  };
  expect(() => figuresOf(empty)).toThrow('Nothing was measured');
});

test('a timeline notes each creation, and how long finetune takes after the last block', async () => {
  const clock = new FakeClock();
  const timeline = TimelineWatch.empty(clock);
  timeline.takeJob(job('prepare', 'a'));
  await clock.advance(1);
  timeline.takeJob(job('distill', 'a'));
  timeline.takePod(ended('a'));
  await clock.advance(1);
  const last = ended('a');
  timeline.takePod(last);
  await clock.advance(0.2);
  timeline.takeJob(completed('a'));
  await clock.advance(0.05);
  // The same end, written about again.
  timeline.takePod(last);
  timeline.takeJob(job('finetune', 'a'));
  expect(timeline.read()).toEqual({
    created: { prepare: [0], distill: [1], finetune: [2.25] },
    finetuneLatencies: [expect.closeTo(0.25, 9)],
    finetuneAfterJob: [expect.closeTo(0.05, 9)],
  });
});

test('requests are counted by user, without watches', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-audit-'));
  const file = join(folder.path, 'audit.log');
  const event = (username: string, verb: string, objectRef?: object) =>
    JSON.stringify({ verb, user: { username }, objectRef });
  const lines = [
    event('blockstill', 'create', { resource: 'jobs' }),
    event('blockstill', 'update', { resource: 'distillationjobs', subresource: 'status' }),
    event('blockstill', 'create', { resource: 'jobs' }),
    event('blockstill', 'watch', { resource: 'jobs' }),
    event('jobset', 'create', { resource: 'jobs' }),
    event('blockstill', 'get'),
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  expect(await countRequests(file, 'blockstill')).toEqual({
    total: 4,
    byKind: { 'create jobs': 2, 'update distillationjobs/status': 1, 'get other': 1 },
  });
});

test('memory and processor time of a process are sampled', async () => {
  await using watched = watchProcess(process.pid);
  await expect.poll(() => watched.samples.length, { timeout: 5000 }).toBeGreaterThan(0);
  const [sample] = watched.samples;
  const { user, system } = process.cpuUsage();
  expect(sample?.cpuSeconds).toBeGreaterThan(0);
  expect(sample?.cpuSeconds).toBeLessThan((user + system) / 1e6 + 0.1);
  // A Node has tens of megabytes, whatever it does.
  expect(sample?.residentBytes).toBeGreaterThan(20e6);
});
