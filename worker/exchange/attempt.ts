import { copyFile, link, mkdir, readFile, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { digestOfBytes, digestOfFile, type Digest } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';
import { asStorageInputError, writeJsonAtomically } from '../../common/files.ts';
import { artifactsOf, type ArtifactDepth } from '../contract/artifacts.ts';
import { specDigests } from '../contract/job-spec.ts';
import type { Artifact } from '../contract/primitives.ts';
import { resultFile, unitResultSchema, type UnitResult } from '../contract/unit-result.ts';
import type { Reference, UnitSpec } from '../contract/unit-spec.ts';

/** What an attempt at a unit has left: its result, and which of its files are known to be there. */
export interface CommittedResult {
  readonly result: UnitResult;
  readonly folder: string;
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
  readonly folder: string;
  readonly #unitFolder: string;
  readonly #spec: UnitSpec;

  private constructor(spec: UnitSpec) {
    this.#spec = spec;
    this.#unitFolder = join(spec.exchange, spec.unit);
    this.folder = join(this.#unitFolder, spec.attempt.id);
  }

  /** @throws InvalidInputError `storage/not-writable` */
  static async open(spec: UnitSpec): Promise<Attempt> {
    const attempt = new Attempt(spec);
    await mkdir(attempt.folder, { recursive: true }).catch((error: unknown) => {
      throw asStorageInputError(error, attempt.folder);
    });
    return attempt;
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** Commits the result. Every file that it names must be in place and synced before. */
  async commit(result: UnitResult): Promise<void> {
    await writeJsonAtomically(this.path(resultFile), unitResultSchema.parse(result));
  }

  async artifact(path: string): Promise<Artifact> {
    const absolute = this.path(path);
    return { path, bytes: (await stat(absolute)).size, digest: await digestOfFile(absolute) };
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
  async committedResult(): Promise<CommittedResult | undefined> {
    for (const folder of await this.attemptFolders()) {
      const result = await readResult(join(folder, resultFile));
      if (result === undefined || !this.#belongs(result)) continue;
      const depth = (await this.#hasStudent(result)) ? 'Documents' : 'Everything';
      if (await artifactsIntact(folder, artifactsOf(result, depth))) return { result, folder, depth };
    }
    return undefined;
  }

  /** Takes over an earlier attempt's committed result as this one's, files and all. */
  async adopt(earlier: CommittedResult): Promise<UnitResult> {
    if (earlier.folder !== this.folder) {
      for (const artifact of artifactsOf(earlier.result, earlier.depth)) {
        await linkOrCopy(join(earlier.folder, artifact.path), this.path(artifact.path));
      }
      await this.commit(earlier.result);
    }
    return earlier.result;
  }

  /** The folders of all attempts at this unit, this one's included. */
  async attemptFolders(): Promise<string[]> {
    return await foldersIn(this.#unitFolder);
  }

  /** Whether the job's student, as its spec wants it, was made from a plan and is committed. */
  async #hasStudent(prepared: UnitResult): Promise<boolean> {
    if (prepared.stage !== 'Prepare') return false;
    const { exchange, spec, teacherDigest, job } = this.#spec;
    const specDigest = specDigests(spec, teacherDigest).Finetune;
    for (const folder of await foldersIn(join(exchange, finetuneUnit)).catch(() => [])) {
      const result = await readResult(join(folder, resultFile));
      if (result?.stage !== 'Finetune' || result.jobUid !== job.uid) continue;
      if (result.specDigest !== specDigest || result.planDigest !== prepared.plan.digest) continue;
      if (await artifactsIntact(folder, artifactsOf(result))) return true;
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

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort();
}

/** Committed files are never changed in place, so two attempts can share one; across file systems it is copied. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await link(from, to);
  } catch {
    await copyFile(from, `${to}.tmp`);
    await rename(`${to}.tmp`, to);
  }
}

/** A result file that parses, or undefined when there is none or it is not one. */
async function readResult(path: string): Promise<UnitResult | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return unitResultSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function artifactsIntact(folder: string, artifacts: readonly Artifact[]): Promise<boolean> {
  for (const artifact of artifacts) {
    const digest = await digestOfFile(join(folder, artifact.path)).catch(() => undefined);
    if (digest !== artifact.digest) return false;
  }
  return true;
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
