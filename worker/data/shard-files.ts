import { closeSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { BlockstillError } from '../../common/error.ts';

const readAt = promisify(read);

interface OpenFile {
  readonly descriptor: number;
  /** Reads under way; a file in use is not closed. */
  readers: number;
  /** Close it when the last reader is done. */
  retired: boolean;
}

/** Reads at positions of many files, keeping the latest of them open. */
export class ShardFiles implements Disposable {
  readonly #limit: number;
  /** Least recently used first. */
  readonly #open = new Map<string, OpenFile>();
  #disposed = false;

  constructor(limit = 256) {
    this.#limit = limit;
  }

  /** Fills `into` with the bytes of a file from `position`. */
  async read(path: string, position: number, into: Uint8Array): Promise<void> {
    const file = this.#use(path);
    file.readers++;
    try {
      for (let done = 0; done < into.length;) {
        const { bytesRead } = await readAt(file.descriptor, into, done, into.length - done, position + done);
        if (bytesRead === 0) throw damaged(path);
        done += bytesRead;
      }
    } finally {
      file.readers--;
      closeIfUnused(file);
    }
  }

  #use(path: string): OpenFile {
    if (this.#disposed) throw new Error('The data set is closed.');
    const file = this.#open.get(path) ?? { descriptor: openFile(path), readers: 0, retired: false };
    this.#open.delete(path);
    this.#open.set(path, file);
    if (this.#open.size > this.#limit) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.#retire(oldest);
    }
    return file;
  }

  #retire(path: string): void {
    const file = this.#open.get(path);
    if (file === undefined) return;
    this.#open.delete(path);
    file.retired = true;
    closeIfUnused(file);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    for (const path of this.#open.keys()) this.#retire(path);
  }
}

function closeIfUnused(file: OpenFile): void {
  if (file.retired && file.readers === 0) closeSync(file.descriptor);
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw damaged(path, error);
  }
}

function damaged(path: string, cause?: unknown): BlockstillError {
  return new BlockstillError('data/damaged', 'A file of the materialised data set is missing or too short.', {
    where: path,
    hint: 'Delete the folder and run the job again: prepare writes it anew.',
    cause,
  });
}
