import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { SmallJob } from '../worker/small-job.ts';
import { s3Suite, whyNoS3Server } from './requirements.ts';
import { useS3 } from './use-s3.ts';

const blockstill = join(import.meta.dirname, '..', '..', 'bin', 'blockstill');

describe.skipIf(cannotRun(s3Suite, await whyNoS3Server()))('a run on this machine', () => {
  const s3 = useS3();

  async function run(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    return await promisify(execFile)(blockstill, args, { env: process.env });
  }

  test('takes teacher and data from S3, puts the student there, and puts it there again when it is gone', async () => {
    const bucket = await s3().bucketWith({});
    await using files = await SmallJob.create({ teacher: await networkOf(vgg()), labels: false });
    for (const name of ['teacher/model.json', 'teacher/weights.bin', 'data.npz'])
      await s3().store.upload(join(files.folder, name), { bucket, key: name });
    const manifest = s3().path('job.yaml');
    const { endpoint } = s3().server.settings;
    const job = {
      apiVersion: 'blockstill.dev/v1alpha1',
      kind: 'DistillationJob',
      metadata: { name: 'small' },
      spec: {
        teacher: { uri: `s3://${bucket}/teacher` },
        dataset: {
          format: 'NPZ',
          train: { uri: `s3://${bucket}/data.npz` },
          preprocessing: { rescale: 1 / 255, resize: 'Nearest' },
        },
        partition: {
          strategy: 'Explicit',
          blocks: [{ name: 'only', from: 'block2_conv2', to: 'block2_conv2' }],
        },
        distill: { epochs: 4, batchSize: 8, learningRate: { initial: 0.02, warmupSteps: 0 } },
        finetune: { epochs: 0 },
        stitch: { maxScoreDrop: 1 },
        acceptance: { maxAccuracyDrop: 1 },
        storage: { s3: { endpoint, forcePathStyle: true } },
        output: { uri: `s3://${bucket}/student` },
        execution: { device: 'CPU', threads: { prepare: 1, distill: 1, finetune: 1 } },
      },
    };
    await writeFile(manifest, stringify(job));
    await run('run', manifest);
    const student = ['blockstill.json', 'model.json', 'weights.bin'];
    expect(await s3().keys(bucket, 'student')).toEqual(student);
    expect(await readdir(s3().path('.blockstill'))).toEqual(['default']);
    const status = JSON.parse(
      (await run('status', manifest, '--output', 'json')).stdout,
    ) as DistillationJobStatus;
    expect(status).toMatchObject({ phase: 'Complete', student: { uri: `s3://${bucket}/student` } });

    await s3().store.remove([{ bucket, key: 'student/weights.bin' }]);
    const { stdout, stderr } = await run('run', manifest);
    expect(stdout + stderr).toContain(`The student was not in s3://${bucket}/student any more`);
    expect(await s3().keys(bucket, 'student')).toEqual(student);

    await writeFile(manifest, stringify({ ...job, metadata: { name: 'other' } }));
    await expect(run('run', manifest)).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringContaining(
        'The student of the job default/small lies in the output folder',
      ) as unknown,
    });
  });
});
