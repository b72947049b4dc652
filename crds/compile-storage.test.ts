import { expect, test } from 'vitest';
import { compileJob } from './compile-job.ts';
import type { DefaultStorage } from './compile-storage.ts';
import type { DistillationJob } from './distillation-job.ts';
import { manifestWith } from './test-manifests.ts';

const onMinio: DefaultStorage = {
  uri: 's3://exchange/blockstill',
  s3: {
    endpoint: 'https://minio.storage.svc:9000',
    region: 'lab',
    forcePathStyle: true,
    credentialsSecretName: 'minio',
  },
};

function storageOf(given: object | undefined, defaultStorage: DefaultStorage | undefined = onMinio) {
  const manifest = manifestWith(given === undefined ? {} : { 'spec.storage': given, ...s3Data });
  return compileJob(manifest as DistillationJob, { defaults: { storage: defaultStorage } }).spec.storage;
}

/** So that the manifest may say something of S3. */
const s3Data = { 'spec.dataset.test': { uri: 's3://data/test' } };

const besideOutput = 'file:///students/resnet50/.exchange';
const plain = { region: 'us-east-1', forcePathStyle: false };

test.each([
  { of: 'nothing', given: undefined },
  { of: 'what the API server makes of nothing', given: { s3: {}, retain: 'OnFailure' } },
])('a job that says $of of its storage has the default one, all of it', ({ given }) => {
  expect(storageOf(given)).toEqual({ ...onMinio, retain: 'OnFailure' });
});

test('what becomes of the storage is for the job to say', () => {
  expect(storageOf({ retain: 'Always' })).toEqual({ ...onMinio, retain: 'Always' });
});

test('a default one that says little is filled in', () => {
  expect(storageOf(undefined, { uri: 'file:///exchange', s3: {} })).toEqual({
    uri: 'file:///exchange',
    s3: plain,
    retain: 'OnFailure',
  });
});

test.each([
  { of: 'where it is', given: { uri: 's3://mine' }, uri: 's3://mine', s3: plain },
  {
    of: 'whose keys it wants',
    given: { s3: { credentialsSecretName: 'mine' } },
    uri: besideOutput,
    s3: { ...plain, credentialsSecretName: 'mine' },
  },
  {
    of: 'an address',
    given: { s3: { endpoint: 'https://other' } },
    uri: besideOutput,
    s3: { ...plain, endpoint: 'https://other' },
  },
  { of: 'a region', given: { s3: { region: 'us-east-1' } }, uri: besideOutput, s3: plain },
  {
    of: 'how buckets are named',
    given: { s3: { forcePathStyle: false } },
    uri: besideOutput,
    s3: plain,
  },
])('a job that says $of has nothing of the default one', ({ given, uri, s3 }) => {
  expect(storageOf(given)).toEqual({ uri, s3, retain: 'OnFailure' });
});
