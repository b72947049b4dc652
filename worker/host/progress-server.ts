import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Progress } from '../contract/progress.ts';
import type { EnergyMeter } from '../energy/energy-meter.ts';
import type { ProgressThreadData, ToMain, ToThread } from './progress-thread.ts';

export interface ProgressServer extends AsyncDisposable {
  readonly port: number;
  show(progress: Progress): void;
  /** From now on metrics tell of these devices, too. */
  watch(meter: Pick<EnergyMeter, 'snapshots'>): void;
}

export interface ProgressServerOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** Default: every address of this machine. */
  readonly address?: string;
}

/** Answers are short; whoever has not read one by then never will. */
const endMilliseconds = 1000;

// The thread's program lies beside this one: as a source file, or as one of the files of the bundle.
const program = new URL(`./progress-thread${extname(import.meta.filename)}`, import.meta.url);

/**
 * Answers `GET /progress` with the last progress as JSON, 204 before the first, `GET /metrics` for Prometheus, and
 * `GET /healthz`. It has a thread of its own: TensorFlow blocks the one that calls it, for seconds at times.
 *
 * @throws Error when it can't listen, as with a port that is taken
 */
export async function startProgressServer(options: ProgressServerOptions): Promise<ProgressServer> {
  const workerData = { port: options.port, address: options.address } satisfies ProgressThreadData;
  const thread = new Worker(program, { workerData });
  const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
  const tell = (message: ToThread): void => thread.postMessage(message);
  const port = await new Promise<number>((resolve, reject) => {
    thread.once('error', reject);
    thread.once('message', (message: ToMain) => {
      if (message.kind === 'Listening') resolve(message.port);
      else reject(new Error(message.reason));
    });
  });
  // It would be no reason to end the work; the operator sees that nobody answers.
  thread.on('error', () => undefined);
  thread.unref();
  return {
    port,
    show: (progress) => tell({ kind: 'Show', progress }),
    watch: ({ snapshots }) => tell({ kind: 'Watch', snapshots }),
    [Symbol.asyncDispose]: async () => {
      const timer = setTimeout(() => void thread.terminate(), endMilliseconds);
      tell({ kind: 'End' });
      await exited;
      clearTimeout(timer);
    },
  };
}
