import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { openObjectStore } from './open-object-store.ts';

const settings = { region: 'us-east-1', forcePathStyle: true };

test('the SDK is loaded only when a store is opened', async () => {
  // The worker's and the runner's way to S3, loaded by the imports above and here.
  await import('../output-folder.ts');
  const loaded = (): boolean =>
    Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('/@aws-sdk/'));
  expect(loaded()).toBe(false);
  using _store = await openObjectStore(settings);
  expect(loaded()).toBe(true);
});

test.each(['minio:9000', 'http://', 's3://minio', ''])(
  'an endpoint that is no address is bad input: "%s"',
  async (endpoint) => {
    await expect(openObjectStore({ ...settings, endpoint })).rejects.toMatchObject({
      name: 'InvalidInputError',
      code: 'storage/bad-endpoint',
      where: 'spec.storage.s3.endpoint',
    });
  },
);
