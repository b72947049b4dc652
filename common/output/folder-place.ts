import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BlockstillError } from '../error.ts';
import { asStorageInputError, syncFolder, writeFileAtomically } from '../files.ts';
import { isMissing, originInFolder, realPath } from '../output-marker.ts';
import type { OutputPlace } from './output-place.ts';

/**
 * A folder of the file system. Methods throw `InvalidInputError` `storage/not-writable` and `BlockstillError`
 * `storage/...`.
 */
export class FolderPlace implements OutputPlace {
  readonly name: string;

  constructor(folder: string) {
    this.name = folder;
  }

  nameOf(file: string): string {
    return join(this.name, file);
  }

  async read(file: string): Promise<string | undefined> {
    try {
      return await readFile(this.nameOf(file), 'utf8');
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOTDIR') throw this.#told(cause);
      throw new BlockstillError('storage/unreadable', `The file ${basename(file)} can't be read.`, {
        where: this.nameOf(file),
        hint: 'Check the permissions of the output folder and the disk.',
        cause,
      });
    }
  }

  async sizeOf(file: string): Promise<number | undefined> {
    return (await stat(this.nameOf(file)).catch(() => undefined))?.size;
  }

  /** Folders below, such as that of the exchange, do no harm. */
  async files(): Promise<string[]> {
    return this.#telling(async () => {
      const entries = await readdir(this.name, { withFileTypes: true }).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw error;
      });
      return entries
        .filter((entry) => !entry.isDirectory())
        .map((entry) => entry.name)
        .sort();
    });
  }

  async overlaps(inputUri: string): Promise<boolean> {
    if (new URL(inputUri).protocol !== 'file:') return false;
    return this.#telling(async () => {
      const output = await realPath(this.name);
      const path = await realPath(fileURLToPath(inputUri));
      const isFolder = await stat(path).then(
        (found) => found.isDirectory(),
        () => false,
      );
      return holds(output, isFolder ? path : dirname(path)) || (isFolder && holds(path, output));
    });
  }

  async originOf(exchange: string): Promise<string> {
    return originInFolder(exchange, this.name);
  }

  async checkWritable(): Promise<void> {
    await this.#telling(async () => {
      const firstMade = await mkdir(this.name, { recursive: true });
      const probe = this.nameOf(`.blockstill.${randomUUID()}.tmp`);
      try {
        await writeFile(probe, '', { flag: 'wx' });
      } finally {
        await rm(probe, { force: true }).catch(() => undefined);
        if (firstMade !== undefined) await removeEmpty(this.name, firstMade);
      }
    });
  }

  async claim(file: string, content: string): Promise<boolean> {
    await this.#telling(async () => void (await mkdir(this.name, { recursive: true })));
    await this.write(file, content);
    return true;
  }

  async write(file: string, content: string): Promise<void> {
    await this.#telling(() => writeFileAtomically(this.nameOf(file), content));
  }

  async copy(file: string, path: string): Promise<void> {
    await this.#telling(() => writeFileAtomically(this.nameOf(file), contentOf(path)));
  }

  async remove(file: string): Promise<void> {
    await this.#telling(async () => {
      await rm(this.nameOf(file), { force: true });
      await syncFolder(this.name);
    });
  }

  [Symbol.dispose](): void {}

  async #telling<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      throw this.#told(error);
    }
  }

  #told(error: unknown): unknown {
    return asStorageInputError(error, `spec.output.uri ${this.name}`);
  }
}

/** Opened only when it is read, so that whoever reads it is there to hear that it is missing. */
async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path)) yield chunk;
}

/** Whether `inner` is `outer` or lies in it. */
function holds(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path !== '..' && !path.startsWith(`..${sep}`);
}

/** Removes the folders that were made; one that somebody uses by now stays. */
async function removeEmpty(folder: string, first: string): Promise<void> {
  for (let path = folder; holds(first, path); path = dirname(path)) {
    if (
      !(await rmdir(path)
        .then(() => true)
        .catch(() => false))
    )
      return;
  }
}
