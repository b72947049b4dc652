import { mkdir, mkdtempDisposable, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOfBytes, type Digest } from '../../common/digest.ts';
import { compileJob } from '../../crds/compile-job.ts';
import { specDigestOf, specDigests, toldSpec } from '../contract/job-spec.ts';
import type { Stage } from '../contract/primitives.ts';
import type { FinetuneResult, PrepareResult } from '../contract/unit-result.ts';
import type { UnitSpec } from '../contract/unit-spec.ts';
import { Attempt } from './attempt.ts';
import { FolderExchange } from './folder-exchange.ts';

const { spec: compiled } = compileJob({
  apiVersion: 'blockstill.dev/v1alpha1',
  kind: 'DistillationJob',
  metadata: { name: 'small' },
  spec: {
    teacher: { uri: 'file:///teacher' },
    dataset: {
      format: 'NPZ',
      train: { uri: 'file:///data.npz' },
      validation: { fraction: 0.2 },
      preprocessing: {},
    },
    output: { uri: 'file:///student' },
  },
});
const digests = specDigests(compiled);
const accuracy = { value: 0.9, samples: 100, standardError: 0.03, measure: 'Top1' } as const;
const accuracies = { validation: accuracy, test: null, reason: 'there is no test data' };
const cost = { parameters: 10, macs: 100 };

function specOf(exchange: string, stage: Stage, id: string): UnitSpec {
  return {
    version: 1,
    job: { namespace: 'default', name: 'small', uid: 'job-uid' },
    stage,
    unit: stage.toLowerCase(),
    attempt: { id, number: 1 },
    spec: toldSpec(compiled),
    specDigest: specDigestOf(digests, stage),
    exchange,
  };
}

async function open(spec: UnitSpec): Promise<Attempt> {
  return Attempt.open(spec, new FolderExchange(spec.exchange));
}

function common(attempt: string) {
  return {
    version: 1,
    jobUid: 'job-uid',
    attempt,
    platform: {
      device: 'CPU',
      deviceName: 'CPU',
      tensorflow: '2.20.0',
      threads: 1,
      precision: 'Float32',
      reproducible: true,
    },
    startTime: '2026-03-01T12:00:00.000Z',
    completionTime: '2026-03-01T12:01:00.000Z',
    seconds: 60,
    energy: [],
  } as const;
}

/** Files whose content is their own name. */
async function write(attempt: Attempt, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(join(attempt.path(name), '..'), { recursive: true });
    await writeFile(attempt.path(name), name);
  }
}

async function prepared(exchange: string, id: string): Promise<Attempt> {
  const attempt = await open(specOf(exchange, 'Prepare', id));
  await write(attempt, 'plan.json', 'profile.json', 'data/train.bin');
  const result: PrepareResult = {
    ...common(id),
    stage: 'Prepare',
    unit: 'prepare',
    specDigest: digests.Prepare,
    plan: await attempt.artifact('plan.json'),
    profile: await attempt.artifact('profile.json'),
    artifacts: [await attempt.artifact('data/train.bin')],
  };
  await attempt.commit(result);
  return attempt;
}

async function finetuned(
  exchange: string,
  change: { planDigest?: Digest; specDigest?: Digest; jobUid?: string } = {},
): Promise<Attempt> {
  const attempt = await open(specOf(exchange, 'Finetune', 'f1'));
  await write(attempt, 'student/model.json');
  const result: FinetuneResult = {
    ...common('f1'),
    stage: 'Finetune',
    unit: 'finetune',
    specDigest: digests.Finetune,
    planDigest: digestOfBytes('plan.json'),
    blocks: [{ name: 'conv', replaced: true, scoreDrop: 0 }],
    teacher: { cost, accuracy: accuracies, latency: [] },
    student: {
      cost,
      stages: [{ stage: 'Stitched', accuracy: accuracies }],
      chosen: 'Stitched',
      latency: [],
      digest: digestOfBytes('student'),
      uri: 'file:///student',
    },
    accepted: true,
    history: [],
    artifacts: [await attempt.artifact('student/model.json')],
    ...change,
  };
  await attempt.commit(result);
  return attempt;
}

async function withExchange(use: (exchange: string) => Promise<void>): Promise<void> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'attempt-'));
  await use(folder.path);
}

const askAgain = async (exchange: string) => await open(specOf(exchange, 'Prepare', 'p2'));

test('an exchange that can not be written is bad input', async () => {
  await withExchange(async (exchange) => {
    await writeFile(join(exchange, 'file'), '');
    await expect(open(specOf(join(exchange, 'file'), 'Prepare', 'p1'))).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidInputError', code: 'storage/not-writable' }),
    );
  });
});

describe('a prepare that is asked again', () => {
  test('repeats what was committed, in a folder of its own', async () => {
    await withExchange(async (exchange) => {
      await prepared(exchange, 'p1');
      const again = await askAgain(exchange);
      const earlier = await again.committedResult();
      expect(earlier).toMatchObject({ attempt: 'p1', depth: 'Everything' });
      if (earlier !== undefined) await again.adopt(earlier);
      expect(await readFile(again.path('data/train.bin'), 'utf8')).toBe('data/train.bin');
      const committed = await readFile(again.path('result.json'));
      expect(await again.reference('result.json')).toEqual({
        path: 'prepare/p2/result.json',
        digest: digestOfBytes(committed),
      });
      expect(JSON.parse(committed.toString()).attempt).toBe('p1');
    });
  });

  test('prepares again when the data is gone and there is no student', async () => {
    await withExchange(async (exchange) => {
      await rm((await prepared(exchange, 'p1')).path('data'), { recursive: true });
      expect(await (await askAgain(exchange)).committedResult()).toBeUndefined();
    });
  });

  test('repeats plan and profile when the data was cleared away after the student was made', async () => {
    await withExchange(async (exchange) => {
      await rm((await prepared(exchange, 'p1')).path('data'), { recursive: true });
      await finetuned(exchange);
      const again = await askAgain(exchange);
      const earlier = await again.committedResult();
      expect(earlier).toMatchObject({ attempt: 'p1', depth: 'Documents' });
      if (earlier !== undefined) await again.adopt(earlier);
      expect(await readFile(again.path('plan.json'), 'utf8')).toBe('plan.json');
    });
  });

  test.each([
    { of: 'another plan', change: { planDigest: digestOfBytes('another') } },
    { of: 'another spec', change: { specDigest: digestOfBytes('another') } },
    { of: 'another job', change: { jobUid: 'another' } },
  ])('prepares again when the student is one of $of', async ({ change }) => {
    await withExchange(async (exchange) => {
      await rm((await prepared(exchange, 'p1')).path('data'), { recursive: true });
      await finetuned(exchange, change);
      expect(await (await askAgain(exchange)).committedResult()).toBeUndefined();
    });
  });

  test('prepares again when the student is damaged, or the plan', async () => {
    await withExchange(async (exchange) => {
      const first = await prepared(exchange, 'p1');
      await rm(first.path('data'), { recursive: true });
      const student = await finetuned(exchange);
      await writeFile(student.path('student/model.json'), 'damaged');
      expect(await (await askAgain(exchange)).committedResult()).toBeUndefined();
      await write(student, 'student/model.json');
      await writeFile(first.path('plan.json'), 'damaged');
      expect(await (await askAgain(exchange)).committedResult()).toBeUndefined();
    });
  });
});
