import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../common/digest.ts';
import { digestOfFile } from '../../common/digest.ts';
import { BlockstillError } from '../../common/error.ts';
import type { ObjectStore } from '../../common/s3/object-store.ts';
import { below, s3Uri, type S3Location } from '../../common/s3/s3-location.ts';
import { isPerishable } from '../contract/clear-exchange.ts';
import type { Artifact } from '../contract/primitives.ts';
import type { Exchange } from './exchange.ts';

export interface S3ExchangeOptions {
  readonly location: S3Location;
  readonly store: ObjectStore;
  /** The folder in which the mirror is made. */
  readonly scratch: string;
  /** `<unit>/<attempt>`: nothing is written elsewhere. */
  readonly writable: string;
}

/**
 * An exchange on S3, with a mirror on this machine: a new folder that begins empty, gets what is needed when it is needed,
 * and is removed at the end. What was made here is uploaded with its digest beside it, so that a later attempt can tell
 * without reading it again whether it is still there.
 */
export class S3Exchange implements Exchange {
  readonly root: string;
  readonly #options: S3ExchangeOptions;

  private constructor(root: string, options: S3ExchangeOptions) {
    this.root = root;
    this.#options = options;
  }

  static async open(options: S3ExchangeOptions): Promise<S3Exchange> {
    await mkdir(options.scratch, { recursive: true });
    return new S3Exchange(await mkdtemp(join(options.scratch, 'blockstill-exchange-')), options);
  }

  async folders(path: string): Promise<string[]> {
    return (await this.#options.store.names(this.#at(path))).folders;
  }

  async find(path: string): Promise<string | undefined> {
    return (await this.#download(path)) ? join(this.root, path) : undefined;
  }

  async fetch(path: string, expected?: Digest): Promise<string> {
    if (await this.#download(path, expected)) return join(this.root, path);
    throw new BlockstillError('storage/changed', 'An object that an earlier stage committed is gone.', {
      where: s3Uri(this.#at(path)),
      hint: 'Something removed it from the exchange. Remove the rest of that stage, too, and it is done again.',
    });
  }

  async readStart(path: string, bytes: number): Promise<Buffer | undefined> {
    return this.#options.store.read(this.#at(path), bytes);
  }

  async isIntact(path: string, { bytes, digest }: Artifact): Promise<boolean> {
    const facts = await this.#options.store.facts(this.#at(path));
    if (facts?.bytes !== bytes) return false;
    if (facts.digest !== undefined) return facts.digest === digest;
    // Copied there by hand, or by a server that keeps no metadata: its bytes must tell.
    const found = await this.find(path);
    return found !== undefined && (await digestOfFile(found)) === digest;
  }

  async offer(path: string, digest?: Digest): Promise<void> {
    await this.#options.store.upload(join(this.root, path), this.#own(path), digest);
  }

  async adopt(from: string, to: string, { bytes, digest }: Artifact): Promise<void> {
    const { store } = this.#options;
    if (await store.copy(this.#at(from), this.#own(to), bytes)) return;
    await store.upload(await this.fetch(from, digest), this.#own(to), digest);
  }

  async clear(): Promise<void> {
    const { location, store } = this.#options;
    const perishable: S3Location[] = [];
    for await (const { name } of store.list(location)) {
      if (isPerishable(name.split('/')[2] ?? '')) perishable.push(below(location, name));
    }
    await store.remove(perishable);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.store[Symbol.dispose]();
    // What can't be removed goes with the pod, and is no reason to call committed work failed.
    await rm(this.root, { recursive: true, force: true }).catch(() => undefined);
  }

  /** What was fetched or made here is not fetched again, unless it is not what is wanted. */
  async #download(path: string, expected?: Digest): Promise<boolean> {
    const target = join(this.root, path);
    const isHere =
      (await isFile(target)) && (expected === undefined || (await digestOfFile(target)) === expected);
    if (isHere) return true;
    return this.#options.store.download(this.#at(path), target, expected);
  }

  #at(path: string): S3Location {
    return below(this.#options.location, path);
  }

  #own(path: string): S3Location {
    if (!path.startsWith(`${this.#options.writable}/`))
      throw new Error(`${path} belongs to another attempt.`);
    return this.#at(path);
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
