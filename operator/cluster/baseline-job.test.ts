import { expect, it } from 'vitest';
import { findBaselineJob } from './baseline-job.ts';
import type { JobRecord } from './job-records.ts';
import { accepted, aDistillationJob } from './testing/distillation-jobs.ts';
import { preparedMessage, specDigests } from './testing/messages.ts';

const call = { signal: new AbortController().signal };

function record(units: readonly (readonly string[])[] | undefined): JobRecord {
  const job = accepted();
  return {
    accepted: job,
    specDigests,
    revision: 1,
    current: job.compiled,
    plan: units === undefined ? undefined : { record: 'Plan', message: preparedMessage(), units },
    student: undefined,
    refused: undefined,
  };
}

async function find(theirs: JobRecord | undefined, uid = 'other-uid') {
  const own = aDistillationJob();
  const other = { ...own, metadata: { ...own.metadata, name: 'serial', uid } };
  const client = { list: async () => ({ items: [other], resourceVersion: '1' }) };
  const sources = { client, records: { look: async () => theirs } };
  return await findBaselineJob(
    sources as unknown as Parameters<typeof findBaselineJob>[0],
    { object: own, record: record([['conv_1'], ['conv_2']]), name: 'serial' },
    call,
  );
}

it('a job that another is measured against is known with the units that were chosen for it', async () => {
  const found = await find(record([['conv_1', 'conv_2']]));
  expect(found).toMatchObject({
    kind: 'Found',
    uid: 'other-uid',
    theirs: { spec: specDigests.Distill, execution: { units: [['conv_1', 'conv_2']] } },
  });
});

it('of one without a plan the units are unknown, and of one without records everything that decides', async () => {
  expect(await find(record(undefined))).toMatchObject({ theirs: { execution: { units: undefined } } });
  expect(await find(undefined)).toMatchObject({
    theirs: { spec: undefined, precision: undefined, execution: undefined },
  });
});

it('no job is measured against itself', async () => {
  const { metadata } = aDistillationJob();
  expect(await find(record(undefined), metadata.uid)).toMatchObject({
    kind: 'Unusable',
    message: expect.stringContaining('this job itself'),
  });
});
