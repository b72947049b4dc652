/**
 * Measures how much a distill phase computes in all on a VGG-like network: the teacher computed again for every block and
 * batch, kept by a unit a block, and kept by units of several blocks. See README.md.
 */
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { digestOfJson, type Digest } from '../../common/digest.ts';
import { writeJsonAtomically } from '../../common/files.ts';
import { chooseUnits, type Packing } from '../../operator/packing/choose-units.ts';
import { cacheBudget } from '../../worker/contract/activation-tier.ts';
import { planFiles, profileSchema } from '../../worker/contract/plan.ts';
import type { DistillResult } from '../../worker/contract/unit-result.ts';
import type { Network } from '../../worker/models/network.ts';
import { networkOf, randomiseWeights, tf } from '../../worker/models/testing/reference.ts';
import { SmallJob } from '../worker/small-job.ts';

const defaults = {
  width: '32',
  samples: '384',
  batch: '16',
  epochs: '10',
  rounds: '1',
  output: join('dist', 'bench', 'compute.json'),
};
type Settings = typeof defaults;

interface Mode {
  readonly name: string;
  readonly cache: 'Auto' | 'Recompute';
  readonly packing: Packing;
  /** The most it may compute, as a share of what the first mode computes. */
  readonly bar?: number;
}

const modes: readonly Mode[] = [
  { name: 'PerBlock, recomputed', cache: 'Recompute', packing: { mode: 'PerBlock' } },
  { name: 'PerBlock, cached', cache: 'Auto', packing: { mode: 'PerBlock' }, bar: 1 / 2 },
  { name: 'Auto for 2 workers', cache: 'Auto', packing: { mode: 'Auto', workers: 2 }, bar: 1 / 3 },
];

interface Measurement {
  readonly mode: string;
  readonly units: readonly (readonly string[])[];
  /** CPU seconds of all worker processes, from their start to their end: everything that is computed. */
  readonly cpuSeconds: number;
  /** Device seconds as the results account for them: teacher passes, steps and validation. */
  readonly deviceSeconds: number;
  /** Of which teacher passes and loading, that no single block can be charged with. */
  readonly sharedSeconds: number;
  readonly wallSeconds: number;
  /** Trainings of blocks: more than blocks when some collapsed and were tried again. */
  readonly trainings: number;
  /** Of all blocks' weights. */
  readonly weights: Digest;
}

async function main(): Promise<number> {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: 'string' as const, default: value }]),
  );
  const { values } = parseArgs({ options: { ...options, check: { type: 'boolean', default: false } } });
  const settings: Settings = { ...defaults, ...values };
  // As bin/blockstill has it for the workers that it starts.
  await using compiled = await mkdtempDisposable(join(tmpdir(), 'blockstill-compiled-'));
  process.env['NODE_COMPILE_CACHE'] = compiled.path;
  const teacher = await vggLike(Number(settings.width));
  const rounds: Measurement[][] = [];
  for (let round = 1; round <= Number(settings.rounds); round++) {
    const measured: Measurement[] = [];
    for (const mode of modes) {
      measured.push(await measure(mode, teacher, settings));
      console.log(`measured ${mode.name}, round ${round}`);
    }
    rounds.push(measured);
  }
  // Whatever else the machine does only ever adds to CPU seconds.
  const measurements = modes.flatMap((_, mode) =>
    rounds
      .flatMap((measured) => measured[mode] ?? [])
      .toSorted((a, b) => a.cpuSeconds - b.cpuSeconds)
      .slice(0, 1),
  );
  const ratios = ratiosOf(measurements);
  printTable(measurements, ratios);
  const output = resolve(settings.output);
  await writeJsonAtomically(output, { settings, rounds, ratios });
  console.log(`\nwritten to ${output}`);
  const missed = [...missedBars(measurements, ratios), ...otherWeights(rounds.flat())];
  for (const sentence of missed) console.log(`MISSED ${sentence}`);
  return values.check && missed.length > 0 ? 1 : 0;
}

/** Prepares a job, then runs its units one after another, so that they don't disturb each other. */
async function measure(mode: Mode, teacher: Network, settings: Settings): Promise<Measurement> {
  const [batchSize, epochs] = [Number(settings.batch), Number(settings.epochs)];
  const activationCache = { mode: mode.cache };
  await using job = await SmallJob.create({
    teacher,
    samples: Number(settings.samples),
    spec: {
      distill: { epochs, batchSize, learningRate: { initial: 0.02, schedule: 'Constant', warmupSteps: 0 } },
      execution: {
        device: 'CPU',
        threads: { prepare: 1, distill: 1, finetune: 1 },
        seed: 7,
        activationCache,
      },
    },
  });
  const { plan, reference: planReference } = await job.prepare();
  const profilePath = join(job.exchange, planReference.path, '..', planFiles.profile);
  const profile = profileSchema.parse(JSON.parse(await readFile(profilePath, 'utf8')));
  const gigabyte = 2 ** 30;
  const budget = { deviceMemoryBytes: 0, memoryBytes: 2 * gigabyte, diskBytes: 20 * gigabyte };
  const cache = cacheBudget({ ...activationCache, ...budget }, 'CPU');
  const training = { epochs, batchSize, passes: 1, cache, finetuneEpochs: 0 };
  const units = chooseUnits({ plan, profile }, training, mode.packing);

  const start = { cpu: await childrenCpuSeconds(), wall: performance.now() };
  const results: DistillResult[] = [];
  for (const [index, blocks] of units.entries()) {
    const run = {
      stage: 'Distill',
      unit: `unit-${index}`,
      attempt: 'a1',
      blocks,
      plan: planReference,
    } as const;
    const result = await job.run(run);
    if (result.stage === 'Distill') results.push(result);
  }
  return {
    mode: mode.name,
    units,
    cpuSeconds: (await childrenCpuSeconds()) - start.cpu,
    deviceSeconds: results.reduce((total, { seconds }) => total + seconds, 0),
    sharedSeconds: results.reduce((total, result) => total + result.sharedSeconds, 0),
    wallSeconds: (performance.now() - start.wall) / 1000,
    trainings: results.flatMap(({ blocks }) => blocks).reduce((total, block) => total + block.trainings, 0),
    weights: digestOfJson(
      results.flatMap(({ blocks }) => blocks.map(({ name, weights }) => [name, weights?.digest ?? null])),
    ),
  };
}

/** CPU seconds, user and system, of all child processes that have ended: proc(5), `cutime` and `cstime` in 1/100 s. */
async function childrenCpuSeconds(): Promise<number> {
  const stat = await readFile('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/**
 * VGG16 (arXiv 1409.1556) for 32 x 32 pixels, `width` channels in the first layers where the original has 64, and one
 * dense layer. Its weights are random: what is trained changes no time.
 */
async function vggLike(width: number): Promise<Network> {
  const { layers } = tf;
  const model = tf.sequential({ name: 'vgg_like' });
  const stages = [1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8].map((factor) => factor * width);
  const pooled = new Set([1, 3, 6, 9, 12]);
  for (const [index, filters] of stages.entries()) {
    model.add(
      layers.conv2d({
        name: `conv_${index}`,
        filters,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        ...(index === 0 ? { inputShape: [32, 32, 3] } : {}),
      }),
    );
    if (pooled.has(index)) model.add(layers.maxPooling2d({ name: `pool_${index}`, poolSize: 2, strides: 2 }));
  }
  model.add(layers.flatten({ name: 'flatten' }));
  model.add(layers.dense({ name: 'predictions', units: 5, activation: 'softmax' }));
  return networkOf(randomiseWeights(model));
}

type Ratios = Readonly<Record<string, { readonly cpu: number; readonly device: number }>>;

function ratiosOf(measurements: readonly Measurement[]): Ratios {
  const [base] = measurements;
  return Object.fromEntries(
    measurements.map(({ mode, cpuSeconds, deviceSeconds }) => [
      mode,
      {
        cpu: cpuSeconds / (base?.cpuSeconds ?? Number.NaN),
        device: deviceSeconds / (base?.deviceSeconds ?? Number.NaN),
      },
    ]),
  );
}

function printTable(measurements: readonly Measurement[], ratios: Ratios): void {
  const row = (cells: readonly string[]): void =>
    console.log(cells.map((cell, index) => (index === 0 ? cell.padEnd(24) : cell.padStart(16))).join(''));
  console.log('');
  row(['', 'units', 'CPU seconds', 'of recomputed', 'device seconds', 'of recomputed', 'bar']);
  for (const { mode, units, cpuSeconds, deviceSeconds } of measurements) {
    row([
      mode,
      units.map((blocks) => blocks.length).join('+'),
      cpuSeconds.toFixed(1),
      (ratios[mode]?.cpu ?? Number.NaN).toFixed(3),
      deviceSeconds.toFixed(1),
      (ratios[mode]?.device ?? Number.NaN).toFixed(3),
      barOf(mode)?.toFixed(3) ?? '',
    ]);
  }
}

function barOf(mode: string): number | undefined {
  return modes.find(({ name }) => name === mode)?.bar;
}

function missedBars(measurements: readonly Measurement[], ratios: Ratios): string[] {
  const missed: string[] = [];
  const [first, ...others] = measurements;
  const blocks = first?.units.flat().length;
  // A second training on the same activations would make keeping them look better than it is.
  if (first?.trainings !== blocks)
    missed.push(`${first?.trainings} trainings of ${blocks} blocks: some collapsed`);
  for (const { mode } of others) {
    const bar = barOf(mode);
    const ratio = ratios[mode]?.cpu ?? Number.NaN;
    if (bar !== undefined && !(ratio <= bar))
      missed.push(`${mode}: ${ratio.toFixed(3)}, above ${bar.toFixed(3)}`);
  }
  return missed;
}

function otherWeights(measurements: readonly Measurement[]): string[] {
  const [first] = measurements;
  return measurements
    .filter(({ weights }) => weights !== first?.weights)
    .map(({ mode }) => `${mode}: other weights than ${first?.mode}`);
}

process.exitCode = await main();
