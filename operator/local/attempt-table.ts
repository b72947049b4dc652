import { baselineUnit, distillUnits, isActive } from '../decide/units.ts';
import type { Backoff, Observed } from '../decide/observed.ts';
import type { LocalAttempt, LocalPrepared } from './local-attempt.ts';
import type { ArtifactDepth } from '../../worker/contract/artifacts.ts';
import { specDigestOf } from '../../worker/contract/job-spec.ts';
import type { Progress } from '../../worker/contract/progress.ts';
import type { PrepareResult } from '../../worker/contract/unit-result.ts';
import type { AttemptRecord } from './attempt-record.ts';
import type { LocalJob } from './local-job.ts';
import { unitsOf } from './units-file.ts';
import { readPrepared, verifyResult, type ExpectedResult } from './verify-result.ts';

export interface TableWarning {
  readonly reason: 'ResultRefused' | 'UnitsKept';
  readonly message: string;
}

/** What the runner knows of its attempts: from the disk at the start, then from its workers. */
export class AttemptTable {
  readonly #job: LocalJob;
  readonly #attempts = new Map<string, LocalAttempt>();
  readonly #warn: (warning: TableWarning) => void;
  /** The number of this run: failures of earlier runs don't count against `backoffLimit`. */
  readonly retry: number;
  #prepared: LocalPrepared | undefined;
  readonly #warned = new Set<string>();
  /** Of several plans, the one that the finished student was made by. */
  #planOfStudent: string | undefined;

  private constructor(
    job: LocalJob,
    records: readonly AttemptRecord[],
    warn: (warning: TableWarning) => void,
  ) {
    this.#job = job;
    this.#warn = warn;
    this.retry = 1 + Math.max(-1, ...records.map((record) => record.retry));
    for (const record of records) this.#put(fromRecord(record, job));
  }

  static async load(
    job: LocalJob,
    records: readonly AttemptRecord[],
    warn: (warning: TableWarning) => void,
  ): Promise<AttemptTable> {
    const table = new AttemptTable(job, records, warn);
    const finished = await table.#verifyUnit('finetune', 'Documents');
    if (finished) table.#planOfStudent = table.#studentsPlan();
    await table.#verifyAll(finished ? 'Documents' : 'Everything');
    // It was made from another plan, so it is no reason to look less closely.
    if (finished && !table.isDone('finetune')) {
      table.#planOfStudent = undefined;
      await table.#verifyAll('Everything');
    }
    return table;
  }

  get prepared(): LocalPrepared | undefined {
    return this.#prepared;
  }

  all(): LocalAttempt[] {
    return [...this.#attempts.values()];
  }

  active(): LocalAttempt[] {
    return this.all().filter(isActive);
  }

  started(attempt: LocalAttempt): void {
    this.#put(attempt);
  }

  stopping(unit: string, id: string): void {
    this.#change(unit, id, { stopping: true });
  }

  progressed(unit: string, id: string, progress: Progress): void {
    this.#change(unit, id, { progress });
  }

  /** Looks for the result of an attempt that has ended: a valid one counts, whatever the exit code says. */
  async ended(unit: string, id: string, end: NonNullable<AttemptRecord['end']>): Promise<LocalAttempt> {
    const endTime = new Date(end.time);
    const attempt = this.#find(unit, id);
    const result = attempt === undefined ? undefined : await this.#resultOf(attempt, 'Everything');
    this.#change(unit, id, {
      endTime,
      exitCode: end.exitCode,
      ...(result === undefined
        ? { state: end.state, message: end.message }
        : { state: 'Succeeded' as const, result }),
    });
    if (unit === 'prepare' && result !== undefined) await this.#verifyAfterPrepare('Everything');
    const changed = this.#find(unit, id);
    if (changed === undefined) throw new Error(`Attempt ${id} at ${unit} ended but never started.`);
    return changed;
  }

  observe(
    rest: Pick<Observed, 'policy' | 'training' | 'capacity' | 'suspensions'> & {
      backoff: Backoff;
      stop: Observed['stop'];
      previous: Observed['previous'];
    },
  ): Observed {
    const { stop, previous, ...same } = rest;
    return {
      ...same,
      generation: 1,
      retry: this.retry,
      reopened: true,
      attempts: this.all(),
      ...(stop === undefined ? {} : { stop }),
      ...(previous === undefined ? {} : { previous }),
      ...(this.#prepared === undefined ? {} : { prepared: this.#prepared }),
    };
  }

  async #verifyAll(depth: ArtifactDepth): Promise<void> {
    this.#prepared = undefined;
    for (const attempt of this.all()) {
      if (attempt.result !== undefined) this.#put({ ...attempt, state: 'Interrupted', result: undefined });
    }
    await this.#verifyUnit('prepare', depth);
    await this.#verifyAfterPrepare(depth);
  }

  /** Results can be judged only when the plan that they must belong to is known. */
  async #verifyAfterPrepare(depth: ArtifactDepth): Promise<void> {
    if (this.#prepared === undefined) return;
    const units = [baselineUnit(this.#prepared), ...distillUnits(this.#prepared)];
    for (const { name } of units) await this.#verifyUnit(name, depth);
    await this.#verifyUnit('finetune', depth);
  }

  /** The first valid result of a unit's ended attempts is the one that counts. */
  async #verifyUnit(unit: string, depth: ArtifactDepth): Promise<boolean> {
    for (const attempt of this.all().filter((each) => each.unit === unit && isJudged(each))) {
      const result = await this.#resultOf(attempt, depth);
      if (result !== undefined) {
        this.#change(unit, attempt.id, { state: 'Succeeded', result });
        return true;
      }
    }
    return false;
  }

  async #resultOf(attempt: LocalAttempt, depth: ArtifactDepth): Promise<LocalAttempt['result']> {
    const verification = await verifyResult(this.#expected(attempt, depth));
    if (verification.kind === 'Refused') this.#refused(verification.message);
    if (verification.kind !== 'Valid') return undefined;
    const { value } = verification.result;
    if (value.stage !== 'Prepare') return verification.result;
    if (this.#planOfStudent !== undefined && value.plan.digest !== this.#planOfStudent) return undefined;
    if (this.#prepared === undefined) {
      const documents = await this.#documentsOf(attempt, value);
      if (documents === undefined) return undefined;
      this.#prepared = { ...documents, units: await this.#units(documents) };
    }
    return verification.result;
  }

  async #documentsOf(
    attempt: LocalAttempt,
    result: PrepareResult,
  ): Promise<Omit<LocalPrepared, 'units'> | undefined> {
    try {
      return await readPrepared(this.#job.folder, attempt, result);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#refused(`The plan of ${attempt.unit}/${attempt.id} is ignored: ${why}. Prepare is run again.`);
      return undefined;
    }
  }

  async #units(documents: Omit<LocalPrepared, 'units'>): Promise<LocalPrepared['units']> {
    const { units, packing } = await unitsOf(this.#job, documents);
    const wanted = this.#job.compiled.spec.execution.packing;
    if (wanted !== packing) {
      const message = `The units stay those of spec.execution.packing ${packing}, with which the job was first run; ${wanted} changes nothing now.`;
      this.#warnOnce({ reason: 'UnitsKept', message });
    }
    return units;
  }

  #refused(message: string): void {
    this.#warnOnce({ reason: 'ResultRefused', message });
  }

  #warnOnce(warning: TableWarning): void {
    if (!this.#warned.has(warning.message)) this.#warn(warning);
    this.#warned.add(warning.message);
  }

  #studentsPlan(): string | undefined {
    const student = this.all().find(({ unit, result }) => unit === 'finetune' && result !== undefined);
    return student?.result?.value.stage === 'Finetune' ? student.result.value.planDigest : undefined;
  }

  isDone(unit: string): boolean {
    return this.all().some((attempt) => attempt.unit === unit && attempt.result !== undefined);
  }

  #expected({ unit, stage, id }: LocalAttempt, depth: ArtifactDepth): ExpectedResult {
    const units =
      this.#prepared === undefined ? [] : [baselineUnit(this.#prepared), ...distillUnits(this.#prepared)];
    return {
      exchange: this.#job.folder,
      jobUid: this.#job.uid,
      specDigest: specDigestOf(this.#job.specDigests, stage),
      stage,
      unit,
      depth,
      attempt: id,
      planDigest: this.#prepared?.reference.digest,
      blocks: units.find(({ name }) => name === unit)?.blocks,
    };
  }

  #find(unit: string, id: string): LocalAttempt | undefined {
    return this.#attempts.get(`${unit}/${id}`);
  }

  #put(attempt: LocalAttempt): void {
    this.#attempts.set(`${attempt.unit}/${attempt.id}`, attempt);
  }

  #change(unit: string, id: string, change: Partial<LocalAttempt>): void {
    const attempt = this.#find(unit, id);
    if (attempt !== undefined) this.#put({ ...attempt, ...change });
  }
}

/** It has ended, and worked for the spec as it is now. */
function isJudged(attempt: LocalAttempt): boolean {
  return !isActive(attempt) && attempt.superseded !== true;
}

/** A success is believed only when its result has been verified again. */
function fromRecord(record: AttemptRecord, { specDigests }: LocalJob): LocalAttempt {
  const { unit, stage, id, number, retry, device, startTime, end } = record;
  return {
    unit,
    stage,
    id,
    number,
    retry,
    device,
    startTime: new Date(startTime),
    endTime: new Date(end?.time ?? startTime),
    state: end === undefined || end.state === 'Succeeded' ? 'Interrupted' : end.state,
    exitCode: end?.exitCode,
    message: end?.message,
    ...(record.specDigest === specDigestOf(specDigests, stage) ? {} : { superseded: true }),
  };
}
