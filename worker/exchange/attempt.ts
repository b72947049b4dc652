import { mkdir, readFile, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type * as z from 'zod';
import { digestOfBytes, digestOfFile, type Digest } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';
import { asStorageInputError, writeJsonAtomically } from '../../common/files.ts';
import { artifactsOf, type ArtifactDepth } from '../contract/artifacts.ts';
import { isClearedAfter } from '../contract/clear-exchange.ts';
import { specDigests } from '../contract/job-spec.ts';
import type { Artifact } from '../contract/primitives.ts';
import { resultFile, unitResultSchema, type UnitResult } from '../contract/unit-result.ts';
import type { Reference, UnitSpec } from '../contract/unit-spec.ts';
import { checkpointFile, findCheckpoint, writeCheckpoint, type Checkpoint } from './checkpoint.ts';
import type { Exchange } from './exchange.ts';

/** A committed result, the attempt at the same unit that committed it, and which of its files are known to be there. */
export interface EarlierResult {
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
    const { unit, attempt } = this.#spec;
    return { path: posix.join(unit, attempt.id, path), digest: await digestOfFile(this.path(path)) };
  }

  /**
   * The result of this or an earlier attempt at the unit, if one was committed for the same spec and its files are still
   * what it says: all of them, or the documents where a student was made from them and the rest may be cleared away. A
   * damaged one is passed over: the unit is then done again.
   */
  async committedResult(): Promise<EarlierResult | undefined> {
    for (const attempt of await this.#attempts()) {
      const result = await this.#resultAt(this.#inExchange(resultFile, attempt));
      if (result === undefined || !this.#belongs(result)) continue;
      const depth = (await this.#hasStudent(result)) ? 'Documents' : 'Everything';
      const folder = `${this.#spec.unit}/${attempt}`;
      if (await this.#isIntact(folder, artifactsOf(result, depth))) return { result, attempt, depth };
    }
    return undefined;
  }

  /** Takes over an earlier attempt's committed result as this one's, files and all. */
  async adopt({ attempt, result, depth }: EarlierResult): Promise<UnitResult> {
    if (attempt !== this.#spec.attempt.id) {
      for (const artifact of artifactsOf(result, depth)) {
        const from = this.#inExchange(artifact.path, attempt);
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

  /** The furthest checkpoint of this and the earlier attempts; see `findCheckpoint`. */
  async findCheckpoint<State extends { sequence: number }>(
    schema: z.ZodType<State>,
    belongs: (state: State) => boolean,
  ): Promise<Checkpoint<State> | undefined> {
    const sources = (await this.#attempts()).map((attempt) => {
      const path = this.#inExchange(checkpointFile, attempt);
      return {
        readStart: (bytes: number) => this.#exchange.readStart(path, bytes),
        find: () => this.#exchange.find(path),
      };
    });
    return findCheckpoint(sources, schema, belongs);
  }

  /** The names of all attempts at this unit that have left something. */
  async #attempts(): Promise<string[]> {
    return this.#exchange.folders(this.#spec.unit);
  }

  #inExchange(path: string, attempt = this.#spec.attempt.id): string {
    return [this.#spec.unit, attempt, path].join('/');
  }

  /** A result file that parses, or undefined when there is none or it is not one. */
  async #resultAt(path: string): Promise<UnitResult | undefined> {
    const found = await this.#exchange.find(path);
    return found === undefined ? undefined : await readResult(found);
  }

  async #isIntact(folder: string, artifacts: readonly Artifact[]): Promise<boolean> {
    for (const artifact of artifacts) {
      if (!(await this.#exchange.isIntact(`${folder}/${artifact.path}`, artifact))) return false;
    }
    return true;
  }

  /** Whether the job's student, as its spec wants it, was made from a plan and is committed. */
  async #hasStudent(prepared: UnitResult): Promise<boolean> {
    if (prepared.stage !== 'Prepare') return false;
    const { spec, teacherDigest, job } = this.#spec;
    const specDigest = specDigests(spec, teacherDigest).Finetune;
    for (const attempt of await this.#exchange.folders(finetuneUnit)) {
      const folder = `${finetuneUnit}/${attempt}`;
      const result = await this.#resultAt(`${folder}/${resultFile}`);
      if (result?.stage !== 'Finetune' || result.jobUid !== job.uid) continue;
      if (result.specDigest !== specDigest || result.planDigest !== prepared.plan.digest) continue;
      if (await this.#isIntact(folder, artifactsOf(result))) return true;
    }
    return false;
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
