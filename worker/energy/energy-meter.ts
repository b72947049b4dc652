import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { unknownReading, type EnergyReading } from '../contract/energy-reading.ts';
import { describeFailure } from './describe-failure.ts';
import { notLooked, secondsSince, stalestSeconds, withoutJoules } from './fresh-snapshot.ts';
import type { EnergySnapshot, MeterTask, ToMain, ToThread } from './meter-thread.ts';
import { nvmlLibrary, type GpuState } from './nvml.ts';
import { powercapFolder } from './rapl.ts';
import { SharedText } from './shared-text.ts';
import { visibleGpu, type Environment } from './visible-gpu.ts';
import { within } from './within.ts';

export interface EnergyMeterOptions {
  /** What the unit runs on, or all GPUs of this machine. Processors are measured in any case. */
  readonly device: 'GPU' | 'CPU' | 'Machine';
  /**
   * The process environment: which GPU is visible; `BLOCKSTILL_NVML`, another NVML library; `BLOCKSTILL_POWERCAP`, where the
   * processors' counters are, as in a container whose own ones are hidden.
   */
  readonly environment: Environment;
  /** How long the idle device is measured before the unit begins. Default: 0, not at all. */
  readonly idleBaselineSeconds?: number;
  /** Ends the idle baseline early, without a figure. */
  readonly signal?: AbortSignal;
}

// The thread's program lies beside this one: as a source file, or as one of the files of the bundle.
const program = new URL(`./meter-thread${extname(import.meta.filename)}`, import.meta.url);

/** Calls into a driver that is in trouble may not come back. */
const answerMilliseconds = 5000;
const endMilliseconds = 1000;

/**
 * Measures the energy of a unit's devices, in a thread of its own: TensorFlow blocks the one that trains for seconds.
 *
 * It never throws. What can't be measured is a reading whose joules are null, with the reason.
 */
export class EnergyMeter implements AsyncDisposable {
  readonly #device: EnergyMeterOptions['device'];
  readonly #text = new SharedText();
  readonly #marks = new Map<number, (snapshot: EnergySnapshot) => void>();
  #thread: Worker | undefined;
  #started = (): void => undefined;
  #lastMark = 0;
  /** Why nothing is measured any more. */
  #failure: string | undefined;
  #closed = false;

  private constructor(device: EnergyMeterOptions['device']) {
    this.#device = device;
  }

  /** Comes back when the energy counts, after the idle baseline if there is to be one. */
  static async start(options: EnergyMeterOptions): Promise<EnergyMeter> {
    const meter = new EnergyMeter(options.device);
    try {
      await meter.#start(options);
    } catch (error) {
      meter.#fail(describeFailure(error));
    }
    return meter;
  }

  /** What has been used since the start, up to now. */
  async mark(): Promise<readonly EnergyReading[]> {
    if (this.#failure !== undefined || this.#closed) return this.latest();
    this.#lastMark += 1;
    const id = this.#lastMark;
    const answered = new Promise<EnergySnapshot>((resolve) => this.#marks.set(id, resolve));
    this.#tell({ kind: 'Mark', id });
    const snapshot = await within(answerMilliseconds, answered);
    this.#marks.delete(id);
    return snapshot?.readings ?? this.latest();
  }

  /** The same, as of the last sample, a tenth of a second ago: for who can't wait. */
  latest(): readonly EnergyReading[] {
    const snapshot = this.#snapshot();
    if (snapshot === undefined) {
      const reason = this.#failure ?? 'the energy meter has not begun';
      const kinds = this.#device === 'CPU' ? (['CPU'] as const) : (['GPU', 'CPU'] as const);
      return kinds.map((kind) => unknownReading({ device: kind, kind }, reason));
    }
    if (this.#failure !== undefined) return withoutJoules(snapshot.readings, this.#failure);
    const age = secondsSince(snapshot);
    return this.#closed || age < stalestSeconds
      ? snapshot.readings
      : withoutJoules(snapshot.readings, notLooked(age));
  }

  /** How the GPU was doing within the last second; undefined without one, or when it doesn't answer. */
  gpuState(): GpuState | undefined {
    return this.#snapshot()?.gpu;
  }

  /** The most memory of the GPU that was in use since the start, whoever used it; undefined where no card tells. */
  gpuPeakMemoryBytes(): number | undefined {
    return this.#snapshot()?.gpuPeakMemoryBytes;
  }

  /** Where a thread of its own finds the latest snapshot, by `freshSnapshot`. */
  get snapshots(): SharedArrayBuffer {
    return this.#text.memory;
  }

  /** Ends the thread. Readings stay as they were last. */
  async close(): Promise<void> {
    this.#closed = true;
    const thread = this.#thread;
    if (thread === undefined) return;
    this.#thread = undefined;
    const exited = new Promise<true>((resolve) => thread.once('exit', () => resolve(true)));
    const timer = setTimeout(() => void thread.terminate(), endMilliseconds);
    thread.postMessage({ kind: 'End' } satisfies ToThread);
    // A call into a driver that never comes back can't be ended from here.
    await within(2 * endMilliseconds, exited);
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(options: EnergyMeterOptions): Promise<void> {
    const { idleBaselineSeconds = 0, signal } = options;
    const started = new Promise<true>((resolve) => (this.#started = () => resolve(true)));
    const thread = new Worker(program, { workerData: taskOf(options, this.#text) });
    this.#thread = thread;
    thread.on('message', (message: ToMain) => this.#hear(message));
    thread.on('error', (error: unknown) => this.#fail(describeFailure(error)));
    thread.on('exit', () => {
      this.#thread = undefined;
      if (!this.#closed) this.#fail('its thread has ended');
    });
    thread.unref();
    const endBaseline = (): void => this.#tell({ kind: 'EndBaseline' });
    if (signal?.aborted) endBaseline();
    signal?.addEventListener('abort', endBaseline, { once: true });
    const answer = await within(answerMilliseconds + idleBaselineSeconds * 1000, started);
    signal?.removeEventListener('abort', endBaseline);
    if (answer === undefined) this.#fail('the driver does not answer');
  }

  #hear(message: ToMain): void {
    if (message.kind === 'Started') this.#started();
    else this.#marks.get(message.id)?.(message.snapshot);
  }

  #tell(message: ToThread): void {
    this.#thread?.postMessage(message);
  }

  /** Whoever waits for an answer gets what there is. */
  #fail(reason: string): void {
    this.#failure ??= `the energy meter has failed: ${reason}`;
    this.#started();
    const snapshot = { atSeconds: 0, readings: this.latest() };
    for (const resolve of this.#marks.values()) resolve(snapshot);
  }

  #snapshot(): EnergySnapshot | undefined {
    const text = this.#text.read();
    return text === undefined ? undefined : (JSON.parse(text) as EnergySnapshot);
  }
}

function taskOf(options: EnergyMeterOptions, { memory }: SharedText): MeterTask {
  const { device, environment, idleBaselineSeconds = 0 } = options;
  const powercap = environment['BLOCKSTILL_POWERCAP'] ?? powercapFolder;
  const gpu = {
    visible: visibleGpu(environment),
    library: environment['BLOCKSTILL_NVML'] ?? nvmlLibrary,
    mpsClient: environment['CUDA_MPS_PIPE_DIRECTORY'] !== undefined,
  };
  const measured = { GPU: { gpu }, Machine: { machine: { library: gpu.library } }, CPU: {} }[device];
  return { ...measured, powercap, idleBaselineSeconds, memory };
}
