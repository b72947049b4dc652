/**
 * Measures a training step of a replacement (two 3x3 separable convolutions with BatchNorm and ReLU, Adam) against other
 * ways to train the same layers. See README.md.
 */
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeJsonAtomically } from '../../common/files.ts';
import { workerEnvironment } from '../../worker/contract/environment.ts';
import { median } from '../../worker/evaluate/median.ts';
import bounds from './bounds.json' with { type: 'json' };
import { compare, type Comparison, type ShapeTimes } from './compare.ts';
import { TrainerProcess } from './trainer-process.ts';
import { findVariants, reference, type Variant } from './variants.ts';

const defaults = {
  shapes: '64@32,128@16,256@8,512@4',
  batch: '64',
  rounds: '7',
  steps: '8',
  threads: String(availableParallelism()),
  output: join('dist', 'bench', 'step.json'),
};
type Settings = typeof defaults;

async function main(): Promise<number> {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, { type: 'string' as const, default: value }]),
  );
  const { values } = parseArgs({ options: { ...options, check: { type: 'boolean', default: false } } });
  const settings: Settings = { ...defaults, ...values };
  const { variants, skipped } = findVariants(process.env['BLOCKSTILL_PYTHON']);
  for (const reason of skipped) console.log(`SKIPPED ${reason}`);

  const shapes: ShapeTimes[] = [];
  for (const shape of settings.shapes.split(',')) {
    shapes.push({ shape, rounds: await measure(shape, variants, settings) });
    console.log(`measured ${shape}`);
  }
  const comparisons = compare(shapes, reference, bounds);
  printTable(shapes, comparisons);
  const output = resolve(settings.output);
  await writeJsonAtomically(output, { settings, shapes, comparisons, skipped });
  console.log(`\nwritten to ${output}`);
  const missed = comparisons.flatMap((each) => each.missed.map((what) => `${each.variant}: ${what}`));
  for (const sentence of missed) console.log(`MISSED ${sentence}`);
  return values.check && missed.length > 0 ? 1 : 0;
}

/** Starts every variant, then lets them train in turns, so that whatever else the machine does meets all alike. */
async function measure(
  shape: string,
  variants: readonly Variant[],
  settings: Settings,
): Promise<Record<string, number[]>> {
  const [channels = '', size = ''] = shape.split('@');
  const { batch, steps, threads } = settings;
  const environment = {
    ...workerEnvironment({ precision: 'Float32' }),
    TF_NUM_INTRAOP_THREADS: threads,
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: threads,
  };
  await using trainers = new AsyncDisposableStack();
  const running: { variant: Variant; trainer: TrainerProcess }[] = [];
  for (const variant of variants) {
    const layout = { channels, size, batch, steps, precision: variant.precision };
    const flags = Object.entries(layout).flatMap(([name, value]) => [`--${name}`, value]);
    const trainer = trainers.use(await TrainerProcess.start([...variant.command, ...flags], environment));
    running.push({ variant, trainer });
  }
  const rounds: Record<string, number[]> = Object.fromEntries(variants.map(({ name }) => [name, []]));
  // The first round warms up and does not count; each round begins with another variant.
  for (let round = 0; round <= Number(settings.rounds); round++) {
    const first = round % running.length;
    for (const { variant, trainer } of [...running.slice(first), ...running.slice(0, first)]) {
      const milliseconds = await trainer.turn();
      if (round > 0) rounds[variant.name]?.push(milliseconds / Number(steps));
    }
  }
  return rounds;
}

function printTable(shapes: readonly ShapeTimes[], comparisons: readonly Comparison[]): void {
  const row = (name: string, cells: readonly string[]): void =>
    console.log(`${name.padEnd(26)}${cells.map((cell) => cell.padStart(16)).join('')}`);
  console.log(`\nMilliseconds a step, and how many times faster the ${reference} is:`);
  row('', [...shapes.map(({ shape }) => shape), 'geometric mean']);
  const times = (variant: string): string[] =>
    shapes.map(({ rounds }) => median(rounds[variant] ?? []).toFixed(1));
  row(reference, times(reference));
  for (const { variant, ratios, geometricMean, bound } of comparisons) {
    const cells = times(variant).map((time, index) => {
      const ratio = ratios[shapes[index]?.shape ?? ''] ?? Number.NaN;
      return `${time} (${ratio.toFixed(2)}x)`;
    });
    const bar = bound === undefined ? '' : ` >= ${bound.geometricMean}`;
    row(variant, [...cells, `${geometricMean.toFixed(2)}x${bar}`]);
  }
}

process.exitCode = await main();
