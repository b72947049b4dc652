import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, vi } from 'vitest';
import type { ObjectStore } from '../../common/s3/object-store.ts';
import { openObjectStore } from '../../common/s3/open-object-store.ts';
import { startS3Server, type S3Server, type S3ServerOptions } from './s3-server.ts';

export interface S3 {
  readonly server: S3Server;
  /** A client with the owner's credentials, which are in the environment, too. */
  readonly store: ObjectStore;
  /** A path in a temporary folder. */
  path(...parts: readonly string[]): string;
  /** A new bucket with these objects. */
  bucketWith(objects: Readonly<Record<string, string>>): Promise<string>;
  /** The keys below a folder of a bucket. */
  keys(bucket: string, folder?: string): Promise<string[]>;
}

/** An S3 server for the tests of the suite that calls it; it is there when they begin. */
export function useS3(options: S3ServerOptions = {}): () => S3 {
  let s3: S3 | undefined;
  let folder: Awaited<ReturnType<typeof mkdtempDisposable>> | undefined;
  let buckets = 0;

  beforeAll(async () => {
    const server = await startS3Server(options);
    folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-s3-test-'));
    const root = folder.path;
    for (const [name, value] of Object.entries(server.owner)) vi.stubEnv(name, String(value));
    const store = await openObjectStore(server.settings);
    s3 = {
      server,
      store,
      path: (...parts) => join(root, ...parts),
      bucketWith: async (objects) => {
        const bucket = `bucket-${(buckets += 1)}`;
        await server.makeBucket(bucket);
        for (const [key, content] of Object.entries(objects)) await store.write({ bucket, key }, content);
        return bucket;
      },
      keys: async (bucket, key = '') => {
        const names: string[] = [];
        for await (const { name } of store.list({ bucket, key })) names.push(name);
        return names;
      },
    };
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    s3?.store[Symbol.dispose]();
    await folder?.remove();
    await s3?.server[Symbol.asyncDispose]();
  });
  return () => {
    if (s3 === undefined) throw new Error('The S3 server has not been started.');
    return s3;
  };
}
