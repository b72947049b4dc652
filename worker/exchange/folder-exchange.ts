import { copyFile, link, mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOfFile } from '../../common/digest.ts';
import { isMissing } from '../../common/output-marker.ts';
import { clearExchange } from '../contract/clear-exchange.ts';
import type { Artifact } from '../contract/primitives.ts';
import type { Exchange } from './exchange.ts';

/** An exchange on a file system that all workers share: everything is where it is, and nothing is moved. */
export class FolderExchange implements Exchange {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async folders(path: string): Promise<string[]> {
    const entries = await readdir(join(this.root, path), { withFileTypes: true }).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    return entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  }

  async find(path: string): Promise<string | undefined> {
    const found = await stat(join(this.root, path)).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    return found && join(this.root, path);
  }

  /** Whoever reads the file checks it. */
  async fetch(path: string): Promise<string> {
    return join(this.root, path);
  }

  async readStart(path: string, bytes: number): Promise<Buffer | undefined> {
    const found = await this.find(path);
    if (found === undefined) return undefined;
    await using file = await open(found, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  }

  async isIntact(path: string, { digest }: Artifact): Promise<boolean> {
    return (await digestOfFile(join(this.root, path)).catch(() => undefined)) === digest;
  }

  /** It is where the others look for it, written and synced. */
  async offer(): Promise<void> {}

  /** Committed files are never changed in place, so two attempts can share one; across file systems it is copied. */
  async adopt(from: string, to: string): Promise<void> {
    const [source, target] = [join(this.root, from), join(this.root, to)];
    await mkdir(dirname(target), { recursive: true });
    try {
      await link(source, target);
    } catch {
      await copyFile(source, `${target}.tmp`);
      await rename(`${target}.tmp`, target);
    }
  }

  async clear(): Promise<void> {
    await clearExchange(this.root);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
