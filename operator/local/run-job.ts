import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asStorageInputError } from '../../common/files.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { checkOutput, holdsStudent } from '../../common/output-folder.ts';
import { clearUnlessRetained } from '../../worker/contract/clear-exchange.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import { isFinished } from '../decide/decide.ts';
import { decideWithBaseline } from '../decide/decide-with-baseline.ts';
import type { Decision, JobEvent } from '../decide/decision.ts';
import { deviceOf, policyOf, trainingOf } from '../decide/job-settings.ts';
import type { Backoff, Observed, Stop } from '../decide/observed.ts';
import { takeOverAttempts } from './attempts-on-disk.ts';
import { AttemptTable } from './attempt-table.ts';
import { findBaselineJob } from './baseline-job.ts';
import { findDevices, workersThatFit, type Devices } from './devices.ts';
import { runnerFiles } from './layout.ts';
import { outputRequest, type LocalJob } from './local-job.ts';
import { acquireLock } from './lock.ts';
import { MachineEnergy } from './machine-energy.ts';
import { republishStudent } from './republish-student.ts';
import { recordSpec } from './spec-file.ts';
import { readStatusFile, StatusFile } from './status-file.ts';
import { recordSuspension } from './suspensions.ts';
import { Wakeup } from './wakeup.ts';
import { WorkerPool } from './worker-pool.ts';

export interface RunOptions {
  readonly job: LocalJob;
  /** The worker program, to which stage and `--spec` are added. */
  readonly workerCommand: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** In place of as many as the devices allow. */
  readonly workers?: number | undefined;
  /** Aborted when the user wants to stop: workers commit their checkpoints, and a later run goes on from there. */
  readonly interrupt: AbortSignal;
  /** Between SIGTERM and SIGKILL. */
  readonly graceSeconds?: number;
  readonly backoff?: Backoff;
  now(): Date;
  onUpdate(update: RunUpdate): void;
}

export interface RunUpdate {
  readonly observed: Observed;
  readonly status: DistillationJobStatus;
  readonly events: readonly JobEvent[];
}

export interface RunOutcome {
  readonly status: DistillationJobStatus;
  /** Nothing had to be run: an earlier run had finished the job. */
  readonly alreadyDone: boolean;
}

/** What a status says after Ctrl-C. */
const interrupted = {
  reason: 'Interrupted',
  message: 'Interrupted; run the same command to resume.',
} satisfies Stop;

/**
 * Runs a job on this machine to its end: observes, decides, carries out, until the job is finished or interrupted. May
 * be killed at any moment; the next run goes on from what is committed and does nothing finished again.
 *
 * @throws BlockstillError `run/already-active` or `run/active-elsewhere` when another process runs the same job,
 *   `run/no-gpu`; InvalidInputError `storage/not-writable`
 */
export async function runJob(options: RunOptions): Promise<RunOutcome> {
  const { job } = options;
  await using _lock = await openFolder(job.folder);
  const run = await prepareRun(options);
  await using _machine = run.machine;
  // The output may have been edited since prepare looked at it: no block is trained for a student that has no place.
  if (run.table.prepared !== undefined && !run.table.isDone('finetune'))
    await checkOutput(outputRequest(job));
  try {
    return await loop(run, options);
  } finally {
    await run.pool.stopAll();
  }
}

/** Makes the job's folder and takes its lock. */
async function openFolder(folder: string): Promise<AsyncDisposable> {
  try {
    await mkdir(folder, { recursive: true });
    return await acquireLock(join(folder, runnerFiles.lock));
  } catch (error) {
    throw asStorageInputError(error, folder);
  }
}

interface Run {
  readonly table: AttemptTable;
  readonly pool: WorkerPool;
  readonly wakeup: Wakeup;
  readonly machine: MachineEnergy;
  readonly statusFile: StatusFile;
  readonly events: JobEvent[];
  readonly failures: unknown[];
  observe(previous: DistillationJobStatus | undefined): Observed;
  readonly previous: DistillationJobStatus | undefined;
}

async function prepareRun(options: RunOptions): Promise<Run> {
  const { job, now, environment, graceSeconds = 10 } = options;
  const devices = await devicesByStage(job, environment);
  const last = await readStatusFile(job.folder);
  const records = await takeOverAttempts(job.folder, { lastSeen: last?.written, graceSeconds, now });
  const suspensions = await recordSuspension(job.folder, last?.written, now());
  const events: JobEvent[] = [];
  const news = await recordSpec(job);
  if (news !== undefined) events.push(news);
  const failures: unknown[] = [];
  const wakeup = new Wakeup();
  const table = await AttemptTable.load(job, records, (warning) => {
    events.push({ type: 'Warning', ...warning });
  });
  const pool = new WorkerPool({
    job,
    table,
    command: options.workerCommand,
    environment,
    graceSeconds,
    now,
    devices: (stage) => devices[stage],
    changed: () => wakeup.notify(),
    failed: (error) => {
      failures.push(error);
      wakeup.notify();
    },
  });
  const [policy, training] = [policyOf(job.compiled), trainingOf(job.compiled)];
  const backoff = options.backoff ?? { baseSeconds: 1, maximumSeconds: 60 };
  const gpus = devices.Distill.kind === 'GPU' ? devices.Distill.names : [];
  const machine = await MachineEnergy.watch({ environment, gpus, now });
  return {
    table,
    pool,
    wakeup,
    machine,
    events,
    failures,
    previous: last?.status,
    statusFile: new StatusFile(job.folder),
    observe: (previous) => {
      const stop = options.interrupt.aborted ? interrupted : undefined;
      const capacity = capacityOf(table, devices.Distill, options.workers);
      const observed = table.observe({
        policy,
        training,
        suspensions,
        backoff,
        previous,
        capacity,
        stop,
      });
      return { ...observed, nodeWide: machine.seen({ isOver: table.active().length === 0 }) };
    },
  };
}

async function loop(run: Run, { job, now, interrupt, onUpdate }: RunOptions): Promise<RunOutcome> {
  const { wakeup, statusFile, pool, table } = run;
  const wake = (): void => wakeup.notify();
  interrupt.addEventListener('abort', wake);
  let status = run.previous;
  let alreadyDone = true;
  try {
    while (true) {
      const observed = run.observe(status);
      const decision = await decideWithBaseline(
        observed,
        now(),
        async (name) => await findBaselineJob(job, name),
      );
      status = decision.status;
      await statusFile.write(status, now());
      onUpdate({ observed, status, events: [...run.events.splice(0), ...decision.events] });
      if (run.failures.length > 0) throw run.failures[0];
      const over = isFinished(status) || status.phase === 'Suspended';
      if (over && table.active().length === 0) {
        await clearFinished(job, table);
        const event = alreadyDone
          ? await republishStudent(job, table.all())
          : await earlierStudent(job, { status, table });
        if (event !== undefined) onUpdate({ observed, status, events: [event] });
        return { status, alreadyDone };
      }
      for (const attempt of decision.remove) pool.stop(attempt);
      for (const unit of decision.create) await pool.start(unit);
      alreadyDone &&= decision.create.length === 0;
      if (decision.create.length === 0) await wakeup.sleep(secondsToSleep(decision, statusFile, now()));
    }
  } finally {
    interrupt.removeEventListener('abort', wake);
  }
}

/** Whoever deploys from the output folder must hear that what lies there is not what the manifest asks for now. */
async function earlierStudent(
  job: LocalJob,
  { status, table }: { status: DistillationJobStatus; table: AttemptTable },
): Promise<JobEvent | undefined> {
  if (status.phase !== 'Failed' || !table.isDone('finetune')) return undefined;
  const request = outputRequest(job);
  if (!(await holdsStudent(request))) return undefined;
  const message = `The student in ${request.spec.output.uri} was made and accepted before the manifest was edited; it stays there. Remove it, or take the edit back.`;
  return { type: 'Warning', reason: 'EarlierStudent', message };
}

/** What finetune's worker does after its commit, if nobody kills it in between. */
async function clearFinished({ folder, compiled }: LocalJob, table: AttemptTable): Promise<void> {
  const student = table.all().find(({ result }) => result?.value.stage === 'Finetune')?.result?.value;
  if (student?.stage !== 'Finetune') return;
  const { retain } = compiled.spec.storage;
  await clearUnlessRetained(folder, { retain, accepted: student.accepted });
}

/** Until the next thing that comes of itself: the end of a back-off, a deadline, the next writing of the status. */
function secondsToSleep({ requeueAfterSeconds }: Decision, statusFile: StatusFile, now: Date): number {
  return Math.min(requeueAfterSeconds ?? Infinity, statusFile.secondsUntilDue(now));
}

async function devicesByStage(
  { compiled }: LocalJob,
  environment: NodeJS.ProcessEnv,
): Promise<Record<Stage, Devices>> {
  const find = async (stage: Stage): Promise<Devices> =>
    await findDevices(deviceOf(compiled.spec, stage), environment);
  const distill = await find('Distill');
  return {
    Prepare: await find('Prepare'),
    Baseline: distill,
    Distill: distill,
    Finetune: await find('Finetune'),
  };
}

/** On a CPU the thread count of a unit, which the plan fixes, decides how many fit; never the other way round. */
function capacityOf(table: AttemptTable, devices: Devices, wanted: number | undefined): number {
  const fit = workersThatFit(devices, table.prepared?.plan.threads.distill ?? 1);
  if (wanted === undefined) return fit;
  return devices.kind === 'GPU' ? Math.min(wanted, fit) : wanted;
}
