import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DistillationJob } from '../../crds/distillation-job.ts';
import type { Network } from '../../worker/models/network.ts';
import { SmallJob, type RunUnit } from '../worker/small-job.ts';
import type { Credentials } from './s3-server.ts';
import type { S3 } from './use-s3.ts';

export interface S3JobOptions {
  readonly s3: S3;
  /** An existing bucket, in which the job has everything. */
  readonly bucket: string;
  readonly teacher: Network;
  readonly spec?: Partial<DistillationJob['spec']>;
}

/**
 * A small job that has teacher, data, exchange and output on S3 alone. Every worker gets an empty folder for its scratch,
 * as a pod would.
 */
export class S3Job implements AsyncDisposable {
  readonly job: SmallJob;
  readonly #options: S3JobOptions;
  readonly #scratch: string;
  #workers = 0;

  private constructor(job: SmallJob, scratch: string, options: S3JobOptions) {
    this.job = job;
    this.#scratch = scratch;
    this.#options = options;
  }

  static async create(options: S3JobOptions): Promise<S3Job> {
    const { bucket, teacher } = options;
    const { server, store } = options.s3;
    const { endpoint } = server.settings;
    const job = await SmallJob.create({
      teacher,
      labels: false,
      exchange: {
        uri: `s3://${bucket}/exchange/default/small-uid`,
        read: async (path) => {
          const bytes = await store.read({ bucket, key: `exchange/default/small-uid/${path}` });
          if (bytes === undefined) throw new Error(`There is no ${path} in the exchange.`);
          return bytes;
        },
      },
      spec: {
        teacher: { uri: `s3://${bucket}/models/teacher` },
        dataset: {
          format: 'NPZ',
          train: { uri: `s3://${bucket}/data/data.npz` },
          validation: { fraction: 0.2 },
          test: { fraction: 0.1 },
          preprocessing: { rescale: 1 / 255, resize: 'Nearest' },
        },
        output: { uri: `s3://${bucket}/students/small` },
        storage: { uri: `s3://${bucket}/exchange`, s3: { endpoint, forcePathStyle: true } },
        ...options.spec,
      },
    });
    for (const name of ['model.json', 'weights.bin']) {
      await store.upload(join(job.folder, 'teacher', name), { bucket, key: `models/teacher/${name}` });
    }
    await store.upload(join(job.folder, 'data.npz'), { bucket, key: 'data/data.npz' });
    for (const name of ['teacher', 'data.npz']) await rm(join(job.folder, name), { recursive: true });
    return new S3Job(job, await mkdtemp(join(tmpdir(), 'blockstill-scratch-')), options);
  }

  /** What a unit runs with; the folder of its scratch is new. */
  async withEnvironment(
    run: RunUnit,
    credentials: Credentials = this.#options.s3.server.owner,
  ): Promise<RunUnit> {
    const scratch = join(this.#scratch, String((this.#workers += 1)));
    await mkdir(scratch);
    return { ...run, environment: { ...credentials, BLOCKSTILL_SCRATCH: scratch, ...run.environment } };
  }

  /** The mirrors of the exchange that the worker which ran last has left. */
  async mirrorsLeft(): Promise<string[]> {
    const names = await readdir(join(this.#scratch, String(this.#workers)));
    return names.filter((name) => name.startsWith('blockstill-exchange-'));
  }

  /** The keys below a folder of the bucket. */
  async keys(folder: string): Promise<string[]> {
    return this.#options.s3.keys(this.#options.bucket, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#scratch, { recursive: true, force: true });
    await this.job[Symbol.asyncDispose]();
  }
}
