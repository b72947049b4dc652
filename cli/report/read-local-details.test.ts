import { expect, test } from 'vitest';
import { readStatusFile } from '../../operator/local/status-file.ts';
import { fakeJob } from '../../test/local/fake-job.ts';
import { buildReport } from './build-report.ts';
import { readLocalDetails } from './read-local-details.ts';

test('a finished run leaves its plan, its results and every attempt to be read', async () => {
  await using job = await fakeJob();
  await job.run({});
  const local = await job.load();
  const details = await readLocalDetails(local);
  const blocks = details.plan?.blocks.map(({ name }) => name) ?? [];
  expect(blocks.length).toBeGreaterThan(1);
  expect(details.distill.flatMap((unit) => unit.blocks.map(({ name }) => name))).toEqual(blocks);
  expect(details.finetune?.accepted).toBe(true);
  expect(details.attempts).toHaveLength(2 + blocks.length);
  expect(details.attempts.every(({ endTime }) => endTime !== undefined)).toBe(true);
});

test('nothing of what an edit of the manifest superseded is told, and of a folder without a run there is nothing', async () => {
  await using job = await fakeJob();
  const local = await job.load();
  expect(await readLocalDetails(local)).toMatchObject({ attempts: [], distill: [], suspensions: [] });
  await job.run({});
  const edited = { ...local, specDigests: { ...local.specDigests, Finetune: local.specDigests.Distill } };
  const details = await readLocalDetails(edited);
  expect(details.finetune).toBeUndefined();
  expect(details.attempts.some(({ stage }) => stage === 'Finetune')).toBe(false);
  expect(details.distill.length).toBeGreaterThan(1);
});

test('attempts that failed are in the timeline of the report, and their number with the block', async () => {
  await using job = await fakeJob();
  await job.run({ faults: { 'unit-000': ['crash'] } });
  const local = await job.load();
  const found = await readStatusFile(local.folder);
  if (found === undefined) throw new Error('There is no status.');
  const report = buildReport(
    { job: local, status: found.status, asOf: found.written, details: await readLocalDetails(local) },
    new Date(),
  );
  expect(report.timeline?.segments.filter(({ kind }) => kind === 'Killed')).toMatchObject([{ attempt: 1 }]);
  expect(report.blocks.find(({ unit }) => unit === 'unit-000')).toMatchObject({
    attempts: 2,
    interrupted: 1,
  });
});

test('of a unit that never came to a result, its blocks are known all the same', async () => {
  await using job = await fakeJob('  backoffLimit: 0\n');
  const { status } = await job.run({ faults: { 'unit-001': ['crash'] } });
  expect(status.phase).toBe('Failed');
  const local = await job.load();
  const details = await readLocalDetails(local);
  const report = buildReport({ job: local, status, asOf: new Date(), details }, new Date());
  const killed = report.timeline?.segments.filter(({ kind }) => kind === 'Killed') ?? [];
  expect(killed.map(({ blocks }) => blocks)).toContainEqual(['conv_1']);
  expect(report.blocks.find(({ name }) => name === 'conv_1')).toMatchObject({
    state: 'Failed',
    unit: 'unit-001',
    interrupted: 1,
    history: null,
  });
});
