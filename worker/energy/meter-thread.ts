/** The program of the thread that measures energy; see `energy-meter.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { EnergyReadings } from '../contract/energy-reading.ts';
import type { GpuState } from './nvml.ts';
import { openMeters, type MeterPlan } from './open-meters.ts';
import { SharedText } from './shared-text.ts';

export interface MeterTask extends MeterPlan {
  readonly idleBaselineSeconds: number;
  /** Of the `SharedText` with the latest snapshot. */
  readonly memory: SharedArrayBuffer;
}

export interface EnergySnapshot {
  /** When it was made, by `monotonicSeconds`. */
  readonly atSeconds: number;
  readonly readings: EnergyReadings;
  readonly gpu?: GpuState;
  /** The most memory of the GPU that was in use at any look at it since the unit began, whoever used it. */
  readonly gpuPeakMemoryBytes?: number;
}

export type ToThread =
  | { readonly kind: 'Mark'; readonly id: number }
  | { readonly kind: 'EndBaseline' }
  | { readonly kind: 'End' };

export type ToMain =
  | { readonly kind: 'Started' }
  | { readonly kind: 'Marked'; readonly id: number; readonly snapshot: EnergySnapshot };

const periodSeconds = 0.1;
/** How a GPU is doing changes slower than its power. */
const samplesAState = 10;

const task = workerData as MeterTask;
const text = new SharedText(task.memory);
/** A clock that all threads share. */
const monotonicSeconds = (): number => Number(process.hrtime.bigint()) / 1e9;

const {
  meters,
  unknown,
  gpuState,
  [Symbol.dispose]: dispose,
} = await openMeters(task, {
  seconds: monotonicSeconds,
  periodSeconds,
});
const opened = monotonicSeconds();
let begun = false;
let samples = 0;
let gpu = gpuState();
let peakMemoryBytes = gpu?.memoryUsedBytes;
let timer: NodeJS.Timeout | undefined;

function snapshot(): EnergySnapshot {
  return {
    atSeconds: monotonicSeconds(),
    readings: [...meters.map((meter) => meter.reading()), ...unknown],
    ...(gpu === undefined ? {} : { gpu }),
    ...(peakMemoryBytes === undefined ? {} : { gpuPeakMemoryBytes: peakMemoryBytes }),
  };
}

function lookAtGpu(): void {
  gpu = gpuState();
  const used = gpu?.memoryUsedBytes;
  if (used !== undefined) peakMemoryBytes = Math.max(used, peakMemoryBytes ?? 0);
}

function tell(message: ToMain): void {
  parentPort?.postMessage(message);
}

/** What is told last is what can be read last. */
function publish(): EnergySnapshot {
  const latest = snapshot();
  text.write(JSON.stringify(latest));
  return latest;
}

function begin(idleBaseline: boolean): void {
  if (begun) return;
  begun = true;
  // Whoever was there before and has gone does not matter.
  peakMemoryBytes = undefined;
  lookAtGpu();
  for (const meter of meters) meter.begin({ idleBaseline });
  publish();
  tell({ kind: 'Started' });
}

function sample(): void {
  samples += 1;
  for (const meter of meters) meter.sample();
  if (samples % samplesAState === 0) lookAtGpu();
  if (!begun && monotonicSeconds() - opened >= task.idleBaselineSeconds) begin(true);
  if (begun) publish();
}

/** Samples at whole periods since the start, so that delays don't add up; those that were missed are left out. */
function sampleAgain(): void {
  const since = monotonicSeconds() - opened;
  const next = (Math.floor(since / periodSeconds) + 1) * periodSeconds;
  timer = setTimeout(
    () => {
      sample();
      sampleAgain();
    },
    (next - since) * 1000,
  );
}

parentPort?.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'Mark':
      for (const meter of meters) meter.sample();
      lookAtGpu();
      return tell({ kind: 'Marked', id: message.id, snapshot: publish() });
    case 'EndBaseline':
      return begin(false);
    case 'End':
      clearTimeout(timer);
      dispose();
      parentPort?.close();
  }
});

if (task.idleBaselineSeconds === 0) begin(false);
sampleAgain();
