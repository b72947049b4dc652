import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DistillResult, FinetuneResult, UnitResult } from '../../worker/contract/unit-result.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { SmallJob, type RunUnit } from '../worker/small-job.ts';
import { startFaultyProxy, type FaultyProxy } from './faulty-proxy.ts';
import { s3Suite, whyNoS3Server } from './requirements.ts';
import { S3Job, type S3JobOptions } from './s3-job.ts';
import { useS3 } from './use-s3.ts';

/** Two blocks that learn enough to be taken. */
const spec = {
  partition: {
    strategy: 'Explicit',
    blocks: ['block2_conv1', 'block2_conv2'].map((name) => ({ name, from: name, to: name })),
  },
  distill: {
    epochs: 8,
    batchSize: 8,
    learningRate: { initial: 0.02, schedule: 'Constant', warmupSteps: 0 },
  },
} as const satisfies S3JobOptions['spec'];

/** What a unit made of its blocks: weights by digest, and every figure that is not a time. */
function outcome(result: UnitResult) {
  return (result as DistillResult).blocks.map(
    ({ seconds: _seconds, latency: _latency, weights, ...block }) => ({
      ...block,
      weights: weights?.digest ?? null,
    }),
  );
}

async function distillUnits(job: SmallJob): Promise<RunUnit[]> {
  const plan = await job.reference('prepare/a1/plan.json');
  return spec.partition.blocks.map(({ name }, index) => ({
    stage: 'Distill',
    unit: `unit-00${index}`,
    attempt: 'a1',
    blocks: [name],
    plan,
  }));
}

async function finetuneUnit(job: SmallJob, distilled: readonly RunUnit[]): Promise<RunUnit> {
  const results = [];
  for (const { unit, attempt } of distilled)
    results.push(await job.reference(`${unit}/${attempt}/result.json`));
  const plan = await job.reference('prepare/a1/plan.json');
  return { stage: 'Finetune', unit: 'finetune', attempt: 'a1', plan, results };
}

describe.skipIf(cannotRun(s3Suite, await whyNoS3Server()))('a job on S3', () => {
  const exchange = 'exchange/default/small-uid';
  const server = useS3();
  /** Prepared in the bucket `shared`, through a proxy that sees the requests. */
  let s3: S3Job;
  let proxy: FaultyProxy;
  let first: RunUnit;
  /** What the first block comes to when nothing disturbs it, and the requests that wrote something meanwhile. */
  let undisturbed: ReturnType<typeof outcome>;
  let written: readonly string[];

  beforeAll(async () => {
    proxy = await startFaultyProxy(server().server.settings.endpoint, () => undefined);
    const storage = { uri: 's3://shared/exchange', s3: { endpoint: proxy.endpoint, forcePathStyle: true } };
    s3 = await s3Job('shared', { spec: { storage } });
    await run(s3, { stage: 'Prepare', unit: 'prepare', attempt: 'a1' });
    first = (await distillUnits(s3.job))[0]!;
    const earlier = proxy.requests.length;
    undisturbed = outcome(await run(s3, { ...first, unit: 'unit-whole' }));
    written = proxy.requests.slice(earlier).filter((request) => /^(PUT|POST|DELETE)/.test(request));
  });
  afterAll(async () => {
    await s3[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  async function s3Job(bucket: string, options: Partial<S3JobOptions> = {}): Promise<S3Job> {
    await server().server.makeBucket(bucket);
    const teacher = await networkOf(vgg());
    return S3Job.create({ s3: server(), bucket, teacher, ...options, spec: { ...spec, ...options.spec } });
  }

  async function run(job: S3Job, unit: RunUnit): Promise<UnitResult> {
    const result = await job.job.run(await job.withEnvironment(unit));
    expect(await job.mirrorsLeft()).toEqual([]);
    return result;
  }

  async function studentInFolder(): Promise<string> {
    await using job = await SmallJob.create({ teacher: await networkOf(vgg()), labels: false, spec });
    await job.prepare();
    const distill = await distillUnits(job);
    for (const unit of distill) await job.run(unit);
    const result = (await job.run(await finetuneUnit(job, distill))) as FinetuneResult;
    return result.student.digest;
  }

  test('makes the same student as in a folder, publishes it, and clears what nobody needs any more', async () => {
    await using whole = await s3Job('whole');
    await run(whole, { stage: 'Prepare', unit: 'prepare', attempt: 'a1' });
    const distill = await distillUnits(whole.job);
    for (const unit of distill) await run(whole, unit);
    const finetune = await finetuneUnit(whole.job, distill);
    const result = (await run(whole, finetune)) as FinetuneResult;
    expect(result.student.uri).toBe('s3://whole/students/small');
    expect(await whole.keys('students/small')).toEqual(['blockstill.json', 'model.json', 'weights.bin']);
    expect(result.student.digest).toBe(await studentInFolder());

    const left = await whole.keys(exchange);
    expect(left.filter((key) => /\/(data|downloads|scratch)\/|checkpoint/.test(key))).toEqual([]);
    expect(left).toEqual(
      expect.arrayContaining([
        'prepare/a1/plan.json',
        'unit-000/a1/result.json',
        'unit-001/a1/block-000.safetensors',
        'finetune/a1/student/model.json',
      ]),
    );

    // Asked again, in a pod that has nothing: answered from the committed result, which gets a second place.
    const again = await whole.job.start(await whole.withEnvironment({ ...finetune, attempt: 'a2' }));
    const { code, stderr, stdout } = await again.ended;
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain('An earlier attempt has committed this unit');
    expect(await whole.job.result('finetune', 'a2')).toEqual(result);
    expect(await whole.keys(`${exchange}/finetune/a2`)).toEqual([
      'result.json',
      'student/model.json',
      'student/weights.bin',
    ]);
  });

  test('writes below its own prefix alone, and the result last of all', () => {
    const own = `PUT /shared/${exchange}/unit-whole/a1`;
    const names = ['checkpoint.safetensors', 'block-000.safetensors', 'result.json'];
    expect(new Set(written)).toEqual(new Set(names.map((name) => `${own}/${name}`)));
    expect(written.indexOf(`${own}/result.json`)).toBe(written.length - 1);
  });

  test('goes on to the same bits after a kill, with nothing but what is on S3', async () => {
    const killed = { ...first, unit: 'unit-killed' };
    const environment = { BLOCKSTILL_CHECKPOINT_SECONDS: '0' };
    const { process: worker, ended } = await s3.job.start(
      await s3.withEnvironment({ ...killed, environment }),
    );
    await waitFor('a checkpoint', async () => (await s3.keys(`${exchange}/unit-killed`))[0]);
    worker.kill('SIGKILL');
    expect((await ended).code).toBeNull();
    expect(await s3.keys(`${exchange}/unit-killed`)).toEqual(['a1/checkpoint.safetensors']);

    const second = await s3.job.start(await s3.withEnvironment({ ...killed, attempt: 'a2' }));
    const { code, stderr } = await second.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('Resuming from a checkpoint');
    const finished = await s3.job.result('unit-killed', 'a2');
    expect(outcome(finished)).toEqual(undisturbed);
    // Nobody has written below the other's prefix.
    expect(await s3.keys(`${exchange}/unit-killed/a1`)).toEqual(['checkpoint.safetensors']);
    expect(await run(s3, { ...killed, attempt: 'a3' })).toEqual(finished);
  });

  test('told to stop, has its checkpoint on S3 before it ends', async () => {
    const stopped = {
      ...first,
      unit: 'unit-stopped',
      environment: { BLOCKSTILL_CHECKPOINT_SECONDS: '9999' },
    };
    const { process: worker, ended } = await s3.job.start(await s3.withEnvironment(stopped));
    worker.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('"Training"')) worker.kill('SIGTERM');
    });
    expect((await ended).code).toBe(75);
    expect(await s3.keys(`${exchange}/unit-stopped`)).toEqual(['a1/checkpoint.safetensors']);
    expect(await s3.mirrorsLeft()).toEqual([]);
  });

  test('finds that an object of an earlier stage was replaced, and makes it again when it is asked to', async () => {
    const plan = await s3.job.reference('prepare/a1/plan.json');
    const key = `${exchange}/prepare/a1/data/index.json`;
    await server().store.write({ bucket: 'shared', key }, '{}');
    const { code, stderr } = await (
      await s3.job.start(await s3.withEnvironment({ ...first, unit: 'unit-other' }))
    ).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('storage/changed');
    expect(stderr).toContain(`s3://shared/${key}`);
    await run(s3, { stage: 'Prepare', unit: 'prepare', attempt: 'a2' });
    expect((await s3.job.reference('prepare/a2/plan.json')).digest).toBe(plan.digest);
    expect(await s3.keys(`${exchange}/prepare/a2/data`)).toContain('index.json');
  });

  describe('that can not begin ends as bad input, and says what to check:', () => {
    const prepare = { stage: 'Prepare', unit: 'prepare', attempt: 'a1' } as const;

    test('credentials that may do nothing', async () => {
      await using job = await s3Job('forbidden');
      const unit = await job.withEnvironment(prepare, server().server.stranger);
      const { code, stderr } = await (await job.job.start(unit)).ended;
      expect(code).toBe(64);
      expect(stderr).toContain('storage/forbidden');
      expect(stderr).toContain('AWS_SECRET_ACCESS_KEY');
    });

    test.each([
      ['a missing teacher', { teacher: { uri: 's3://shared/models/nobody' } }, 'data/not-found'],
      ['a missing bucket', { output: { uri: 's3://no-such-bucket/student' } }, 'storage/no-bucket'],
      ['a taken output', { output: { uri: 's3://shared/models/teacher' } }, 'storage/output-taken'],
    ] as const)('%s', async (name, change, expected) => {
      await using job = await s3Job(name.replaceAll(' ', '-'), { spec: change });
      const { code, stderr } = await (await job.job.start(await job.withEnvironment(prepare))).ended;
      expect(code).toBe(64);
      expect(stderr).toContain(expected);
      expect(stderr).toContain(Object.values(change)[0]?.uri);
      expect(await job.keys(exchange)).toEqual([]);
    });
  });
});
