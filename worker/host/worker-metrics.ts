import { Counter, Gauge, Registry } from '@prometheus-io/client';
import type { EnergyReading } from '../contract/energy-reading.ts';
import type { Progress } from '../contract/progress.ts';
import type { EnergySnapshot } from '../energy/meter-thread.ts';

/** What a scrape gets. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** What is known of a worker when it is asked. */
export interface WorkerState {
  /** The last that it told; undefined before the first. */
  readonly progress: Progress | undefined;
  /** When that was, in seconds since 1970. */
  readonly toldAt: number;
  /** What the energy meter says now; undefined without one. */
  readonly energy: EnergySnapshot | undefined;
  readonly residentBytes: number;
}

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number | null | undefined];

interface Metric {
  readonly name: string;
  readonly help: string;
  /** Beside `stage` and `unit`, which all have. */
  readonly labelNames?: readonly string[];
  /** What is null or undefined is unknown, and gets no sample: a 0 would be a claim. */
  samples(progress: Progress, state: WorkerState): readonly Sample[];
}

/**
 * The metrics of one worker. Labels are bounded: a worker has one unit of at most 128 blocks, and one GPU beside the
 * packages of its processors. Whose unit it is says the label of the target, since it is the same for all of them.
 */
export function createWorkerMetrics(state: () => WorkerState): { expose(): Promise<Exposition> } {
  const registry = new Registry();
  for (const metric of gauges) registerGauge(registry, metric, state);
  for (const metric of counters) registerCounter(registry, metric, state);
  registry.registerMetric(
    new Gauge({
      name: 'process_resident_memory_bytes',
      help: 'Memory of the whole process.',
      registers: [],
      collect() {
        this.set(state().residentBytes);
      },
    }),
  );
  return {
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

const one = (value: number | null | undefined): readonly Sample[] => [[{}, value]];

const gauges: readonly Metric[] = [
  {
    name: 'blockstill_worker_activity',
    help: '1 for what the worker is doing now.',
    labelNames: ['activity'],
    samples: ({ activity }) => [[{ activity }, 1]],
  },
  {
    name: 'blockstill_worker_progress_ratio',
    help: 'Share of the work of the unit that is done.',
    samples: ({ fraction }) => one(fraction),
  },
  {
    name: 'blockstill_worker_last_progress_timestamp_seconds',
    help: 'When the worker last told that it had come further; it tells so after each step of a training.',
    samples: (_, { toldAt }) => one(toldAt),
  },
  {
    name: 'blockstill_worker_loss',
    help: 'Mean training loss of the last epoch of a block.',
    labelNames: ['block'],
    samples: ({ blocks }) => blocks.map(({ name, loss }) => [{ block: name }, loss]),
  },
  {
    name: 'blockstill_worker_block_progress_ratio',
    help: 'Share of the training of a block that is done.',
    labelNames: ['block'],
    samples: ({ blocks }) => blocks.map(({ name, step, steps }) => [{ block: name }, step / steps]),
  },
  gpuGauge('power_watts', 'Power of the card.', ({ watts }) => watts),
  gpuGauge('utilization_ratio', 'Share of the time in which something ran on the card.', ({ utilization }) =>
    utilization === undefined ? undefined : utilization / 100,
  ),
  gpuGauge('memory_used_bytes', 'Memory of the card in use.', ({ memoryUsedBytes }) => memoryUsedBytes),
  gpuGauge('memory_size_bytes', 'Memory that the card has.', ({ memoryTotalBytes }) => memoryTotalBytes),
  gpuGauge('temperature_celsius', 'Temperature of the card.', ({ celsius }) => celsius),
  {
    name: 'blockstill_worker_gpu_clock_hertz',
    help: 'Clock of the card: a card that is too hot, or may draw too little, lowers it.',
    labelNames: ['device', 'clock'],
    samples: (_, { energy }) =>
      gpuSamples(energy, ({ graphicsMegahertz, memoryMegahertz }) => [
        [{ clock: 'graphics' }, hertz(graphicsMegahertz)],
        [{ clock: 'memory' }, hertz(memoryMegahertz)],
      ]),
  },
  {
    name: 'blockstill_worker_gpu_compute_mode',
    help: '1 for the mode that the card is in: which processes may compute on it.',
    labelNames: ['device', 'mode'],
    samples: (_, { energy }) =>
      gpuSamples(energy, ({ computeMode }) =>
        computeMode === undefined ? [] : [[{ mode: computeMode }, 1]],
      ),
  },
  {
    name: 'blockstill_worker_energy_known',
    help: '1 where all energy of the device is known that this attempt has used so far, else 0.',
    labelNames: ['device', 'kind'],
    samples: (_, { energy }) =>
      readingsOf(energy).map((reading) => [deviceLabels(reading), reading.joules === null ? 0 : 1]),
  },
];

const counters: readonly Metric[] = [
  {
    name: 'blockstill_worker_steps_total',
    help: 'Training steps of this attempt: a batch through all blocks that are still trained.',
    samples: ({ trained }) => one(trained?.steps),
  },
  {
    name: 'blockstill_worker_step_seconds_total',
    help: 'Seconds spent on these steps.',
    samples: ({ trained }) => one(trained?.seconds),
  },
  {
    name: 'blockstill_worker_images_total',
    help: 'Images in these steps, each counted once however many blocks are trained on it.',
    samples: ({ trained }) => one(trained?.images),
  },
  {
    name: 'blockstill_worker_energy_joules_total',
    help: 'Energy of a device since the attempt began: of the whole card, or of all that ran on the processors.',
    labelNames: ['device', 'kind'],
    samples: (_, { energy }) => readingsOf(energy).map((reading) => [deviceLabels(reading), reading.joules]),
  },
];

type Gpu = NonNullable<EnergySnapshot['gpu']>;

function gpuGauge(name: string, help: string, value: (gpu: Gpu) => number | undefined): Metric {
  return {
    name: `blockstill_worker_gpu_${name}`,
    help,
    labelNames: ['device'],
    samples: (_, { energy }) => gpuSamples(energy, (gpu) => [[{}, value(gpu)]]),
  };
}

function gpuSamples(
  energy: EnergySnapshot | undefined,
  samplesOf: (gpu: Gpu) => readonly Sample[],
): readonly Sample[] {
  const gpu = energy?.gpu;
  const device = readingsOf(energy).find(({ kind }) => kind === 'GPU')?.device;
  if (gpu === undefined || device === undefined) return [];
  return samplesOf(gpu).map(([labels, value]) => [{ device, ...labels }, value]);
}

function hertz(megahertz: number | undefined): number | undefined {
  return megahertz === undefined ? undefined : 1e6 * megahertz;
}

function readingsOf(energy: EnergySnapshot | undefined): readonly EnergyReading[] {
  return energy?.readings ?? [];
}

function deviceLabels({ device, kind }: EnergyReading): Labels {
  return { device, kind };
}

function knownSamples(metric: Metric, state: WorkerState): readonly (readonly [Labels, number])[] {
  const { progress } = state;
  // Who it is comes with the first progress, which is before any work.
  if (progress === undefined) return [];
  const { stage, unit } = progress;
  return metric
    .samples(progress, state)
    .flatMap(([labels, value]) =>
      value === null || value === undefined ? [] : [[{ stage, unit, ...labels }, value] as const],
    );
}

function registerGauge(registry: Registry, metric: Metric, state: () => WorkerState): void {
  registry.registerMetric(
    new Gauge({
      ...configurationOf(metric),
      collect() {
        this.reset();
        for (const [labels, value] of knownSamples(metric, state())) this.set(labels, value);
      },
    }),
  );
}

function registerCounter(registry: Registry, metric: Metric, state: () => WorkerState): void {
  registry.registerMetric(
    new Counter({
      ...configurationOf(metric),
      collect() {
        this.reset();
        for (const [labels, value] of knownSamples(metric, state())) this.inc(labels, value);
      },
    }),
  );
}

function configurationOf({ name, help, labelNames = [] }: Metric) {
  return { name, help, labelNames: ['stage', 'unit', ...labelNames], registers: [] };
}
