import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CompiledSpec } from '../../crds/compiled-job.ts';
import { compileJob } from '../../crds/compile-job.ts';
import type { DistillationJob } from '../../crds/distillation-job.ts';
import { digestOfBytes } from '../../common/digest.ts';
import { randomStream } from '../../common/random.ts';
import { workerEnvironment } from '../../worker/contract/environment.ts';
import { specDigestOf, specDigests, toldSpec } from '../../worker/contract/job-spec.ts';
import type { Plan } from '../../worker/contract/plan.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { UnitResult } from '../../worker/contract/unit-result.ts';
import type { Reference, UnitSpec } from '../../worker/contract/unit-spec.ts';
import { npy, zip } from '../../worker/data/sample-files.ts';
import { saveNetwork } from '../../worker/models/save.ts';
import type { Network } from '../../worker/models/network.ts';

const workerProgram = new URL('../../worker/main.ts', import.meta.url).pathname;

export interface SmallJobOptions {
  readonly teacher: Network;
  /** Images of 16 x 16 x 3, resized to what the teacher takes, in 5 classes. */
  readonly samples?: number;
  readonly labels?: boolean;
  readonly augmentation?: DistillationJob['spec']['dataset']['augmentation'];
  readonly spec?: Partial<DistillationJob['spec']>;
  /** In place of a folder of its own. */
  readonly exchange?: { readonly uri: string; read(path: string): Promise<Buffer> };
}

export interface RunUnit {
  readonly stage: Stage;
  readonly unit: string;
  readonly attempt: string;
  readonly blocks?: readonly string[];
  readonly plan?: Reference;
  readonly results?: readonly Reference[];
  readonly environment?: Record<string, string>;
}

export interface StartedWorker {
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; stderr: string; stdout: string }>;
}

/** Starts the worker's program; its output is collected. */
export function startWorker(
  workerArguments: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): StartedWorker {
  const child = spawn(process.execPath, [workerProgram, ...workerArguments], {
    env: { ...process.env, ...workerEnvironment({ precision: 'Float32' }), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  return { process: child, ended };
}

/** A teacher, a little data, and an exchange in a temporary folder, with real worker processes to run on them. */
export class SmallJob implements AsyncDisposable {
  readonly folder: string;
  /** The path or the URI. */
  readonly exchange: string;
  readonly #spec: CompiledSpec;
  readonly #read: (path: string) => Promise<Buffer>;

  private constructor(folder: string, spec: CompiledSpec, exchange: SmallJobOptions['exchange']) {
    this.folder = folder;
    this.exchange = exchange?.uri ?? join(folder, 'exchange');
    this.#spec = spec;
    this.#read = exchange?.read ?? ((path) => readFile(join(this.exchange, path)));
  }

  static async create(options: SmallJobOptions): Promise<SmallJob> {
    const folder = await mkdtemp(join(tmpdir(), 'blockstill-job-'));
    await saveNetwork(options.teacher, join(folder, 'teacher'));
    await writeFile(join(folder, 'data.npz'), sampleArchive(options.samples ?? 300, options.labels ?? true));
    const job = compileJob({
      apiVersion: 'blockstill.dev/v1alpha1',
      kind: 'DistillationJob',
      metadata: { name: 'small' },
      spec: {
        teacher: { uri: pathToFileURL(join(folder, 'teacher')).href },
        dataset: {
          format: 'NPZ',
          train: { uri: pathToFileURL(join(folder, 'data.npz')).href },
          validation: { fraction: 0.2 },
          test: { fraction: 0.1 },
          preprocessing: { rescale: 1 / 255, resize: 'Nearest' },
          augmentation: options.augmentation,
        },
        distill: { epochs: 2, batchSize: 16, learningRate: { initial: 0.004 } },
        finetune: { epochs: 1, batchSize: 16 },
        stitch: { maxScoreDrop: 1, recalibrationBatches: 3 },
        acceptance: { maxAccuracyDrop: 1 },
        output: { uri: pathToFileURL(join(folder, 'student')).href },
        execution: { device: 'CPU', threads: { prepare: 1, distill: 1, finetune: 1 }, seed: 7 },
        ...options.spec,
      },
    });
    return new SmallJob(folder, job.spec, options.exchange);
  }

  unitSpec(run: RunUnit): UnitSpec {
    return {
      version: 1,
      job: { namespace: 'default', name: 'small', uid: 'small-uid' },
      stage: run.stage,
      unit: run.unit,
      attempt: { id: run.attempt, number: 1 },
      spec: toldSpec(this.#spec),
      specDigest: specDigestOf(specDigests(this.#spec), run.stage),
      exchange: this.exchange,
      ...(run.plan && { plan: run.plan }),
      ...(run.blocks && { blocks: [...run.blocks] }),
      ...(run.results && { results: [...run.results] }),
    };
  }

  /** Starts a worker process; its output is collected. */
  async start(run: RunUnit): Promise<StartedWorker> {
    const spec = this.unitSpec(run);
    const path = join(this.folder, 'specs', `${run.unit}-${run.attempt}.json`);
    await mkdir(join(this.folder, 'specs'), { recursive: true });
    await writeFile(path, JSON.stringify(spec));
    return startWorker([run.stage.toLowerCase(), '--spec', path], run.environment);
  }

  /** Runs a unit to its end and gives its result. */
  async run(run: RunUnit): Promise<UnitResult> {
    const { code, stderr } = await (await this.start(run)).ended;
    if (code !== 0) throw new Error(`${run.unit} ended with ${code}: ${stderr}`);
    return this.result(run.unit, run.attempt);
  }

  async result(unit: string, attempt: string): Promise<UnitResult> {
    return JSON.parse((await this.#read(`${unit}/${attempt}/result.json`)).toString()) as UnitResult;
  }

  async reference(path: string): Promise<Reference> {
    return { path, digest: digestOfBytes(await this.#read(path)) };
  }

  async prepare(attempt = 'a1'): Promise<{ plan: Plan; reference: Reference }> {
    await this.run({ stage: 'Prepare', unit: 'prepare', attempt });
    const reference = await this.reference(`prepare/${attempt}/plan.json`);
    const plan = JSON.parse((await this.#read(reference.path)).toString()) as Plan;
    return { plan, reference };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Images whose class shows: each class whitens one part of the picture, the rest is noise. */
function sampleArchive(samples: number, withLabels: boolean): Buffer {
  const stream = randomStream('small job');
  const labels = Int32Array.from({ length: samples }, () => stream.below(5));
  const images = new Uint8Array(samples * 16 * 16 * 3);
  images.forEach((_, index) => {
    const sample = Math.floor(index / 768);
    const row = Math.floor((index % 768) / 48);
    images[index] = Math.floor(row / 3) === labels[sample] ? 255 : stream.below(256);
  });
  const arrays: Record<string, Uint8Array> = { 'x.npy': npy('|u1', [samples, 16, 16, 3], images) };
  if (withLabels) arrays['y.npy'] = npy('<i4', [samples], new Uint8Array(labels.buffer));
  return zip(arrays, { deflate: false });
}
