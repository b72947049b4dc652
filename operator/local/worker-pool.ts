import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeJsonAtomically } from '../../common/files.ts';
import { workerEnvironment } from '../../worker/contract/environment.ts';
import { exitCode } from '../../worker/contract/exit-code.ts';
import { specDigestOf, toldSpec } from '../../worker/contract/job-spec.ts';
import { contractVersion } from '../../worker/contract/primitives.ts';
import type { UnitSpec } from '../../worker/contract/unit-spec.ts';
import type { AttemptToRemove, UnitToCreate } from '../decide/decision.ts';
import { writeAttemptRecord, type AttemptRecord } from './attempt-record.ts';
import type { AttemptTable } from './attempt-table.ts';
import type { Devices } from './devices.ts';
import { attemptFiles, attemptId } from './layout.ts';
import type { LocalJob } from './local-job.ts';
import { lastWordsOf } from './worker-log.ts';
import { startWorker, type WorkerExit, type WorkerProcess } from './worker-process.ts';

export interface WorkerPoolOptions {
  readonly job: LocalJob;
  readonly table: AttemptTable;
  /** The worker program; stage and `--spec` are added. */
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly devices: (stage: UnitToCreate['stage']) => Devices;
  readonly graceSeconds: number;
  now(): Date;
  /** Called whenever the table has changed. */
  changed(): void;
  failed(error: unknown): void;
}

interface Running {
  readonly worker: WorkerProcess;
  readonly settled: Promise<void>;
  killTimer?: NodeJS.Timeout;
}

/** Carries decisions out with processes: the local counterpart of creating and deleting Jobs. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #running = new Map<string, Running>();

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  async start(unit: UnitToCreate): Promise<void> {
    const { job, table, command, now } = this.#options;
    const id = attemptId(unit.attemptNumber);
    const folder = join(job.folder, unit.unit, id);
    await mkdir(folder, { recursive: true });
    const specPath = join(folder, attemptFiles.spec);
    await writeJsonAtomically(specPath, unitSpecOf(job, unit, id));
    const { device, environment } = this.#place(unit.stage);
    const worker = await startWorker({
      command: [...command, unit.stage.toLowerCase(), '--spec', specPath],
      environment,
      log: join(folder, attemptFiles.log),
      onProgress: (progress) => {
        table.progressed(unit.unit, id, progress);
        this.#options.changed();
      },
    });
    const startTime = now();
    const record = {
      version: 1,
      unit: unit.unit,
      stage: unit.stage,
      id,
      number: unit.attemptNumber,
      retry: table.retry,
      specDigest: specDigestOf(job.specDigests, unit.stage),
      process: worker.identity,
      device,
      startTime: startTime.toISOString(),
    } satisfies AttemptRecord;
    try {
      await writeAttemptRecord(folder, record);
    } catch (error) {
      worker.signal('SIGKILL');
      throw error;
    }
    table.started({ ...record, startTime, state: 'Running' });
    const settled = this.#settle(worker, record, folder).catch((error: unknown) =>
      this.#options.failed(error),
    );
    this.#running.set(keyOf(record), { worker, settled });
    worker.letGo();
  }

  /** SIGTERM now, SIGKILL after the grace period. */
  stop(attempt: AttemptToRemove): void {
    const running = this.#running.get(keyOf(attempt));
    if (running === undefined || running.killTimer !== undefined) return;
    this.#options.table.stopping(attempt.unit, attempt.id);
    running.worker.signal('SIGTERM');
    running.killTimer = setTimeout(() => running.worker.signal('SIGKILL'), this.#options.graceSeconds * 1000);
  }

  /** Stops every worker and waits until they have ended. */
  async stopAll(): Promise<void> {
    for (const { unit, id } of this.#options.table.active()) this.stop({ unit, id });
    await Promise.all([...this.#running.values()].map(({ settled }) => settled));
  }

  /** Waits for the end of a worker and enters it into the table and the attempt's record. */
  async #settle(worker: WorkerProcess, record: AttemptRecord, folder: string): Promise<void> {
    const exit = await worker.exited;
    const key = keyOf(record);
    const stopped = this.#running.get(key)?.killTimer;
    clearTimeout(stopped);
    const log = join(folder, attemptFiles.log);
    const end = await endOf(exit, { stopped: stopped !== undefined, time: this.#options.now(), log });
    const attempt = await this.#options.table.ended(record.unit, record.id, end);
    this.#running.delete(key);
    const committed = attempt.result !== undefined;
    const written = committed ? { ...end, state: 'Succeeded' as const, message: undefined } : end;
    await writeAttemptRecord(folder, { ...record, end: written });
    this.#options.changed();
  }

  /** The CPU, or the first GPU that no running attempt has. */
  #place(stage: UnitToCreate['stage']): { device: string; environment: NodeJS.ProcessEnv } {
    const { job, table, environment, devices } = this.#options;
    const available = devices(stage);
    const { precision } = job.compiled.spec.execution;
    const base = { ...environment, ...workerEnvironment({ precision }) };
    if (available.kind === 'CPU')
      return { device: 'CPU', environment: { ...base, CUDA_VISIBLE_DEVICES: '-1' } };
    const taken = new Set(table.active().map((attempt) => attempt.device));
    const name = available.names.find((gpu) => !taken.has(`GPU ${gpu}`)) ?? available.names[0] ?? '0';
    return { device: `GPU ${name}`, environment: { ...base, CUDA_VISIBLE_DEVICES: name } };
  }
}

function keyOf({ unit, id }: AttemptToRemove): string {
  return `${unit}/${id}`;
}

function unitSpecOf(job: LocalJob, unit: UnitToCreate, id: string): UnitSpec {
  const { plan, blocks, results, failedBlocks } = unit;
  return {
    version: contractVersion,
    job: { namespace: job.namespace, name: job.name, uid: job.uid },
    stage: unit.stage,
    unit: unit.unit,
    attempt: { id, number: unit.attemptNumber },
    spec: toldSpec(job.compiled.spec),
    specDigest: specDigestOf(job.specDigests, unit.stage),
    exchange: job.folder,
    ...(unit.stage === 'Prepare' ? { teacherDigest: job.teacherDigest } : {}),
    ...(plan === undefined ? {} : { plan }),
    ...(blocks === undefined ? {} : { blocks: [...blocks] }),
    ...(results === undefined ? {} : { results: [...results] }),
    ...(failedBlocks === undefined ? {} : { failedBlocks }),
  };
}

interface EndOptions {
  /** The runner told it to stop. */
  readonly stopped: boolean;
  readonly time: Date;
  readonly log: string;
}

/** How an attempt ended as far as its process shows; a committed result overrules it. */
async function endOf(
  exit: WorkerExit,
  { stopped, time, log }: EndOptions,
): Promise<NonNullable<AttemptRecord['end']>> {
  const common = { time: time.toISOString(), ...(exit.code === undefined ? {} : { exitCode: exit.code }) };
  if (exit.code === exitCode.Interrupted || stopped) return { ...common, state: 'Interrupted' };
  if (exit.signal !== undefined) {
    const guess = exit.signal === 'SIGKILL' ? ', perhaps because memory ran out' : '';
    return { ...common, state: 'Failed', message: `The worker was ended by ${exit.signal}${guess}.` };
  }
  if (exit.code === exitCode.Committed) {
    return {
      ...common,
      state: 'Failed',
      message: 'The worker said that it was done, but there is no valid result.',
    };
  }
  const words = await lastWordsOf(log);
  return {
    ...common,
    state: 'Failed',
    message: words ?? `The worker ended with exit code ${exit.code}; see ${log}.`,
  };
}
