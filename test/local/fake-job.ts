import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadLocalJob, type LocalJob } from '../../operator/local/local-job.ts';
import { runJob, type RunOutcome, type RunUpdate } from '../../operator/local/run-job.ts';
import type { FakeBehaviour } from './fake-behaviour.ts';

export const fakeWorker: readonly string[] = [process.execPath, join(import.meta.dirname, 'fake-worker.ts')];

export interface FakeJob extends AsyncDisposable {
  readonly manifest: string;
  load(): Promise<LocalJob>;
  /** Runs the job in this process, with `workers` at once. */
  run(behaviour: FakeBehaviour, options?: FakeRunOptions): Promise<RunOutcome>;
  /** What the workers did, in order: `<unit> <attempt> <event>`. */
  journal(): Promise<string[]>;
}

export interface FakeRunOptions {
  readonly workers?: number;
  readonly graceSeconds?: number;
  readonly interrupt?: AbortSignal;
  onUpdate?(update: RunUpdate): void;
}

/** A manifest in a folder of its own; `spec` is YAML that is added to the spec, indented by two spaces. */
export async function fakeJob(spec = ''): Promise<FakeJob> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-local-'));
  const manifest = join(folder.path, 'job.yaml');
  await writeFile(manifest, manifestText(spec));
  const load = async (): Promise<LocalJob> => await loadLocalJob(manifest);
  return {
    manifest,
    load,
    run: async (behaviour, options = {}) =>
      await runJob({
        job: await load(),
        workerCommand: fakeWorker,
        environment: { ...process.env, FAKE_WORKER: JSON.stringify(behaviour) },
        workers: options.workers ?? 2,
        interrupt: options.interrupt ?? new AbortController().signal,
        graceSeconds: options.graceSeconds ?? 2,
        backoff: { baseSeconds: 0, maximumSeconds: 0 },
        now: () => new Date(),
        onUpdate: options.onUpdate ?? (() => undefined),
      }),
    journal: async () => {
      const text = await readFile(join((await load()).folder, 'journal.txt'), 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
    [Symbol.asyncDispose]: async () => await folder.remove(),
  };
}

function manifestText(spec: string): string {
  return `apiVersion: blockstill.dev/v1alpha1
kind: DistillationJob
metadata:
  name: fake
spec:
  teacher:
    uri: teacher/model.json
  dataset:
    format: NPZ
    train:
      uri: train.npz
  output:
    uri: student
  execution:
    device: CPU
${spec}`;
}
