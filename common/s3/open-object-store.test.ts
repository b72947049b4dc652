import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openObjectStore } from './open-object-store.ts';

const settings = { region: 'us-east-1', forcePathStyle: true };

/** The worker's and the runner's way to S3; whether the SDK is there before and after a store is opened. */
const program = `
  import { createRequire } from 'node:module';
  import { openObjectStore } from './open-object-store.ts';
  import '../output-folder.ts';
  const { cache } = createRequire(import.meta.url);
  const isLoaded = () => Object.keys(cache).some((path) => path.includes('/@aws-sdk/'));
  const before = isLoaded();
  using store = await openObjectStore(${JSON.stringify(settings)});
  console.log(JSON.stringify([before, isLoaded()]));
`;

test('the SDK is loaded only when a store is opened', async () => {
  // In a process of its own: other tests of this one may have loaded it.
  const options = ['--input-type=module-typescript', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: import.meta.dirname });
  expect(JSON.parse(stdout)).toEqual([false, true]);
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
