import { describe, expect, it } from 'vitest';
import type { EnergyReading } from '../contract/energy-reading.ts';
import type { Progress } from '../contract/progress.ts';
import { createWorkerMetrics, type WorkerState } from './worker-metrics.ts';

const block: Progress['blocks'][number] = {
  name: 'conv2d_1',
  state: 'Training',
  epoch: 1,
  epochs: 4,
  step: 10,
  steps: 40,
  loss: 0.5,
};

const progress: Progress = {
  version: 1,
  stage: 'Distill',
  unit: 'unit-003',
  attempt: 'pod-uid',
  activity: 'Training',
  fraction: 0.25,
  samplesPerSecond: 1234.5,
  etaSeconds: 60,
  trained: { steps: 10, seconds: 2.5, images: 640 },
  blocks: [block, { ...block, name: 'conv2d_2', step: 0, loss: null }],
};

const reading: EnergyReading = {
  device: 'GPU-1',
  kind: 'GPU',
  joules: 1500,
  knownJoules: 1500,
  gaps: 0,
  gapSeconds: 0,
  estimatedSeconds: 0,
  seconds: 10,
  meanWatts: 150,
};

const quiet: WorkerState = { progress: undefined, toldAt: 0, energy: undefined, residentBytes: 1e6 };

/** The samples, without their comments. */
async function samples(state: Partial<WorkerState>): Promise<string[]> {
  const { text } = await createWorkerMetrics(() => ({ ...quiet, ...state })).expose();
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const of = (unit: string, labels = ''): string => `{stage="Distill",unit="${unit}"${labels}}`;

describe('the metrics of a worker', () => {
  it('tell how far the unit and its blocks are', async () => {
    expect(await samples({ progress, toldAt: 1_770_000_000 })).toEqual([
      `blockstill_worker_activity${of('unit-003', ',activity="Training"')} 1`,
      `blockstill_worker_progress_ratio${of('unit-003')} 0.25`,
      `blockstill_worker_last_progress_timestamp_seconds${of('unit-003')} 1770000000`,
      `blockstill_worker_loss${of('unit-003', ',block="conv2d_1"')} 0.5`,
      `blockstill_worker_block_progress_ratio${of('unit-003', ',block="conv2d_1"')} 0.25`,
      `blockstill_worker_block_progress_ratio${of('unit-003', ',block="conv2d_2"')} 0`,
      `blockstill_worker_steps_total${of('unit-003')} 10`,
      `blockstill_worker_step_seconds_total${of('unit-003')} 2.5`,
      `blockstill_worker_images_total${of('unit-003')} 640`,
      'process_resident_memory_bytes 1000000',
    ]);
  });

  it('tell how the GPU is doing and what all devices have used', async () => {
    const gpu = {
      watts: 251.5,
      utilization: 87,
      memoryUsedBytes: 12,
      memoryTotalBytes: 80,
      celsius: 63,
      graphicsMegahertz: 1410,
      memoryMegahertz: 1593,
      computeMode: 'ExclusiveProcess',
    } as const;
    const cpu: EnergyReading = { ...reading, device: 'package-0', kind: 'CPU', joules: 300 };
    const all = await samples({ progress, energy: { atSeconds: 0, readings: [reading, cpu], gpu } });
    const device = ',device="GPU-1"';
    expect(all.filter((line) => /_(gpu|energy)_/.test(line))).toEqual([
      `blockstill_worker_gpu_power_watts${of('unit-003', device)} 251.5`,
      `blockstill_worker_gpu_utilization_ratio${of('unit-003', device)} 0.87`,
      `blockstill_worker_gpu_memory_used_bytes${of('unit-003', device)} 12`,
      `blockstill_worker_gpu_memory_size_bytes${of('unit-003', device)} 80`,
      `blockstill_worker_gpu_temperature_celsius${of('unit-003', device)} 63`,
      `blockstill_worker_gpu_clock_hertz${of('unit-003', `${device},clock="graphics"`)} 1410000000`,
      `blockstill_worker_gpu_clock_hertz${of('unit-003', `${device},clock="memory"`)} 1593000000`,
      `blockstill_worker_gpu_compute_mode${of('unit-003', `${device},mode="ExclusiveProcess"`)} 1`,
      `blockstill_worker_energy_known${of('unit-003', `${device},kind="GPU"`)} 1`,
      `blockstill_worker_energy_known${of('unit-003', ',device="package-0",kind="CPU"')} 1`,
      `blockstill_worker_energy_joules_total${of('unit-003', `${device},kind="GPU"`)} 1500`,
      `blockstill_worker_energy_joules_total${of('unit-003', ',device="package-0",kind="CPU"')} 300`,
    ]);
  });

  it('have no sample for what is unknown, least of all 0', async () => {
    const unknown = { ...reading, joules: null };
    const energy = { atSeconds: 0, readings: [unknown], gpu: { utilization: 0 } };
    const untold: Progress = { ...progress, fraction: null, blocks: [{ ...block, loss: null }] };
    const { trained: _trained, ...early } = untold;
    const all = await samples({ progress: early, toldAt: 5, energy });
    expect(all).toEqual([
      `blockstill_worker_activity${of('unit-003', ',activity="Training"')} 1`,
      `blockstill_worker_last_progress_timestamp_seconds${of('unit-003')} 5`,
      `blockstill_worker_block_progress_ratio${of('unit-003', ',block="conv2d_1"')} 0.25`,
      // That is a reading, and a bad one.
      `blockstill_worker_gpu_utilization_ratio${of('unit-003', ',device="GPU-1"')} 0`,
      `blockstill_worker_energy_known${of('unit-003', ',device="GPU-1",kind="GPU"')} 0`,
      'process_resident_memory_bytes 1000000',
    ]);
    expect(await samples({ energy })).toEqual(['process_resident_memory_bytes 1000000']);
  });

  it('forget what no longer is: the activity before, a block that has no loss any more', async () => {
    let now: Partial<WorkerState> = { progress };
    const metrics = createWorkerMetrics(() => ({ ...quiet, ...now }));
    await metrics.expose();
    now = { progress: { ...progress, activity: 'Judging', blocks: [{ ...block, loss: null }] } };
    const { text, contentType } = await metrics.expose();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text.match(/^blockstill_worker_(activity|loss).*$/gm)).toEqual([
      `blockstill_worker_activity${of('unit-003', ',activity="Judging"')} 1`,
    ]);
  });

  it('count on from what was told last, not from what was counted before', async () => {
    const metrics = createWorkerMetrics(() => ({ ...quiet, progress }));
    await metrics.expose();
    expect((await metrics.expose()).text).toContain(`blockstill_worker_steps_total${of('unit-003')} 10\n`);
  });

  it('have names as Prometheus wants them, and one for the worker alone', async () => {
    const { text } = await createWorkerMetrics(() => quiet).expose();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type]) => [name, type]);
    for (const [name = '', type] of types) {
      expect(name).toMatch(/^blockstill_worker_[a-z_]+$|^process_resident_memory_bytes$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    }
    expect(types).toHaveLength(18);
  });
});
