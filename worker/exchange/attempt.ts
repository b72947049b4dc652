import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfBytes, digestOfFile, type Digest } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';
import { asStorageInputError, writeJsonAtomically } from '../../common/files.ts';
import { artifactsOf, type ArtifactDepth } from '../contract/artifacts.ts';
import { isClearedAfter } from '../contract/clear-exchange.ts';
import type { EnergyReadings } from '../contract/energy-reading.ts';
import { specDigests } from '../contract/job-spec.ts';
import type { Artifact } from '../contract/primitives.ts';
import { resultFile, unitResultSchema, type UnitResult } from '../contract/unit-result.ts';
import type { Reference, UnitSpec } from '../contract/unit-spec.ts';
import {
  checkpointFile,
  findEarlierWork,
  writeCheckpoint,
  type Checkpoint,
  type CheckpointSearch,
  type EarlierWork,
} from './checkpoint.ts';
import type { Exchange } from './exchange.ts';

/** What an attempt at a unit has left: its result, and which of its files are known to be there. */
export interface CommittedResult {
  readonly result: UnitResult;
  readonly attempt: string;
  readonly depth: ArtifactDepth;
}

/** The folder of the unit that makes the student. */
const finetuneUnit = 'finetune';

/**
 * One attempt's folder in the exchange, and sight of the earlier attempts at the same unit.
 *
 * An attempt writes into its own folder only, so an attempt that was given up and still runs can harm nobody.
 */
export class Attempt {
  /** On this machine. */
  readonly folder: string;
  readonly #spec: UnitSpec;
  readonly #exchange: Exchange;

  private constructor(spec: UnitSpec, exchange: Exchange) {
    this.#spec = spec;
    this.#exchange = exchange;
    this.folder = join(exchange.root, spec.unit, spec.attempt.id);
  }

  /** @throws InvalidInputError `storage/not-writable` */
  static async open(spec: UnitSpec, exchange: Exchange): Promise<Attempt> {
    const attempt = new Attempt(spec, exchange);
    await mkdir(attempt.folder, { recursive: true }).catch((error: unknown) => {
      throw asStorageInputError(error, attempt.folder);
    });
    return attempt;
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** Commits the result: on S3, too, its file comes last, after all that it names. */
  async commit(result: UnitResult): Promise<void> {
    await writeJsonAtomically(this.path(resultFile), unitResultSchema.parse(result));
    await this.#exchange.offer(this.#inExchange(resultFile));
  }

  /** Gives a file of this attempt to the other workers, and says what a result has to say of it. */
  async artifact(path: string): Promise<Artifact> {
    const absolute = this.path(path);
    const artifact = { path, bytes: (await stat(absolute)).size, digest: await digestOfFile(absolute) };
    await this.#exchange.offer(this.#inExchange(path), artifact.digest);
    return artifact;
  }

  /** A file of this attempt as others name it: from the exchange folder on, with its digest. */
  async reference(path: string): Promise<Reference> {
    return { path: this.#inExchange(path), digest: await digestOfFile(this.path(path)) };
  }

  /** The path on this machine of a file that this attempt's result names, also where the file is another's work. */
  async fetch({ path, digest }: Artifact): Promise<string> {
    return await this.#exchange.fetch(this.#inExchange(path), digest);
  }

  /**
   * The result of this or an earlier attempt at the unit, if one was committed for the same spec and its files are still
   * what it says: all of them, or the documents where a student was made from them and the rest may be cleared away. A
   * damaged one is passed over: the unit is then done again.
   */
  async committedResult(): Promise<CommittedResult | undefined> {
    for (const { attempt, result } of await this.#resultsOf(this.#spec.unit)) {
      if (!this.#belongs(result)) continue;
      const depth = (await this.#hasStudent(result)) ? 'Documents' : 'Everything';
      if (await this.#isIntact(result, { unit: this.#spec.unit, attempt, depth }))
        return { result, attempt, depth };
    }
    return undefined;
  }

  /** Takes over an earlier attempt's committed result as this one's, files and all. */
  async adopt({ attempt, depth, result }: CommittedResult): Promise<UnitResult> {
    if (attempt !== this.#spec.attempt.id) {
      for (const artifact of artifactsOf(result, depth)) {
        const from = inExchange(this.#spec.unit, attempt, artifact.path);
        await this.#exchange.adopt(from, this.#inExchange(artifact.path), artifact);
      }
      await this.commit(result);
    }
    await this.clearAfter(result);
    return result;
  }

  /** Clears the exchange once the student is committed, unless `storage.retain` keeps it. */
  async clearAfter(result: UnitResult): Promise<void> {
    if (result.stage !== 'Finetune') return;
    const { retain } = this.#spec.spec.storage;
    if (isClearedAfter({ retain, accepted: result.accepted })) await this.#exchange.clear();
  }

  /** Replaces this attempt's checkpoint. */
  async saveCheckpoint(checkpoint: Checkpoint<unknown>): Promise<void> {
    await writeCheckpoint(this.path(checkpointFile), checkpoint);
    await this.#exchange.offer(this.#inExchange(checkpointFile));
  }

  /** What this and the earlier attempts have left; see `findEarlierWork`. */
  async findEarlierWork<State extends { sequence: number; energy: EnergyReadings }>(
    search: CheckpointSearch<State>,
  ): Promise<EarlierWork<State>> {
    const { unit } = this.#spec;
    const sources = (await this.#exchange.folders(unit)).map((attempt) => {
      const path = inExchange(unit, attempt, checkpointFile);
      return {
        readStart: (bytes: number) => this.#exchange.readStart(path, bytes),
        find: () => this.#exchange.find(path),
      };
    });
    return findEarlierWork(sources, search);
  }

  /** What all attempts at a unit have committed. */
  async #resultsOf(unit: string): Promise<{ attempt: string; result: UnitResult }[]> {
    const results: { attempt: string; result: UnitResult }[] = [];
    for (const attempt of await this.#exchange.folders(unit)) {
      const path = await this.#exchange.find(inExchange(unit, attempt, resultFile));
      const result = path === undefined ? undefined : await readResult(path);
      if (result !== undefined) results.push({ attempt, result });
    }
    return results;
  }

  /** Whether the job's student, as its spec wants it, was made from a plan and is committed. */
  async #hasStudent(prepared: UnitResult): Promise<boolean> {
    if (prepared.stage !== 'Prepare') return false;
    const { spec, teacherDigest, job } = this.#spec;
    const specDigest = specDigests(spec, teacherDigest).Finetune;
    for (const { attempt, result } of await this.#resultsOf(finetuneUnit)) {
      if (result.stage !== 'Finetune' || result.jobUid !== job.uid) continue;
      if (result.specDigest !== specDigest || result.planDigest !== prepared.plan.digest) continue;
      if (await this.#isIntact(result, { unit: finetuneUnit, attempt, depth: 'Everything' })) return true;
    }
    return false;
  }

  #inExchange(path: string): string {
    return inExchange(this.#spec.unit, this.#spec.attempt.id, path);
  }

  async #isIntact(
    result: UnitResult,
    { attempt, depth, unit }: { unit: string; attempt: string; depth: ArtifactDepth },
  ): Promise<boolean> {
    for (const artifact of artifactsOf(result, depth)) {
      if (!(await this.#exchange.isIntact(inExchange(unit, attempt, artifact.path), artifact))) return false;
    }
    return true;
  }

  #belongs(result: UnitResult): boolean {
    if (result.stage !== this.#spec.stage || result.unit !== this.#spec.unit) return false;
    if (result.specDigest !== this.#spec.specDigest || result.jobUid !== this.#spec.job.uid) return false;
    if (result.stage === 'Prepare') return true;
    if (result.planDigest !== this.#spec.plan?.digest) return false;
    if (result.stage === 'Finetune') return true;
    return (this.#spec.blocks ?? []).join() === result.blocks.map((block) => block.name).join();
  }
}

function inExchange(unit: string, attempt: string, path: string): string {
  return [unit, attempt, path].join('/');
}

/** A result file that parses, or undefined when it is not one. */
async function readResult(path: string): Promise<UnitResult | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return unitResultSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Reads a document of an earlier stage and checks its digest.
 *
 * @throws BlockstillError `storage/changed` when the file is not the one that was committed.
 */
export async function readVerified(path: string, expected: Digest): Promise<Buffer> {
  const bytes = await readFile(path);
  if (digestOfBytes(bytes) !== expected) {
    throw new BlockstillError('storage/changed', 'The file is not the one that an earlier stage committed.', {
      where: path,
      hint: 'Something wrote into the exchange. Remove the folder of that stage, and it is done again.',
    });
  }
  return bytes;
}
