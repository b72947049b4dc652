import type { CompiledStorage } from './compiled-job.ts';
import type { S3, Storage } from './spec/execution.ts';

/** The storage of jobs that don't name one. */
export interface DefaultStorage {
  readonly uri: string;
  readonly s3: Readonly<S3>;
}

interface StorageOptions {
  /** Where the exchange is when neither the job nor a default says. */
  readonly besideOutput: string;
  readonly resolve: (uri: string) => string;
  readonly defaultStorage?: DefaultStorage | undefined;
}

/**
 * The storage of a job: its own or the default one, never some of each, so that no keys for one server are sent to another.
 */
export function compileStorage(storage: Storage, options: StorageOptions): CompiledStorage {
  const { besideOutput, resolve, defaultStorage } = options;
  const { uri, s3 } = namesStorage(storage) ? storage : (defaultStorage ?? storage);
  return {
    ...storage,
    uri: uri === undefined ? besideOutput : resolve(uri),
    s3: { ...s3, region: s3.region ?? 'us-east-1', forcePathStyle: s3.forcePathStyle ?? false },
  };
}

/** Whether a manifest says where its storage is, or how to reach it; `retain` is about what becomes of it. */
export function namesStorage({ uri, s3 = {} }: { uri?: string | undefined; s3?: S3 | undefined }): boolean {
  return [uri, ...Object.values(s3)].some((member) => member !== undefined);
}
