import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type * as Sdk from '@aws-sdk/client-s3';
import type { Digest } from '../digest.ts';
import { BlockstillError } from '../error.ts';
import { asStorageError } from '../files.ts';
import { createObject } from './create-object.ts';
import { readObject } from './read-object.ts';
import { receiveObject, type Request } from './receive-object.ts';
import { removeObjects } from './remove-objects.ts';
import { asS3Error, isNoSuchKey, statusOf } from './s3-error.ts';
import { prefixOf, s3Uri, type S3Location } from './s3-location.ts';
import { uploadFile } from './upload-file.ts';

/** What is known of an object without reading it. */
export interface ObjectFacts {
  readonly bytes: number;
  /** The digest of its content, as whoever uploaded it with {@link ObjectStore.upload} says. */
  readonly digest: string | undefined;
}

/** What S3 copies in one request. */
const maxCopyBytes = 5 * 2 ** 30;
const digestKey = 'sha256';

/**
 * Objects on an S3 server, by the requests that every server knows.
 *
 * All methods throw BlockstillError or InvalidInputError `storage/...`, see `asS3Error`; an aborted signal throws its
 * own error.
 */
export class ObjectStore implements Disposable {
  readonly #sdk: typeof Sdk;
  readonly #client: Sdk.S3Client;
  readonly #endpoint: string | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #field: string | undefined;

  constructor(options: {
    sdk: typeof Sdk;
    client: Sdk.S3Client;
    endpoint: string | undefined;
    signal?: AbortSignal | undefined;
    field?: string | undefined;
  }) {
    this.#sdk = options.sdk;
    this.#client = options.client;
    this.#endpoint = options.endpoint;
    this.#signal = options.signal;
    this.#field = options.field;
  }

  /** The objects of a folder and of all folders below it, with their keys' rest after the folder's prefix. */
  async *list(folder: S3Location): AsyncGenerator<{ readonly name: string; readonly bytes: number }> {
    for await (const page of this.#pages(folder)) {
      for (const { Key, Size } of page.Contents ?? []) {
        const name = Key?.slice(prefixOf(folder).length) ?? '';
        if (name !== '' && !name.endsWith('/')) yield { name, bytes: Size ?? 0 };
      }
    }
  }

  /** The names directly in a folder: of objects, and of folders. */
  async names(folder: S3Location): Promise<{ files: string[]; folders: string[] }> {
    const prefix = prefixOf(folder);
    const [files, folders]: [string[], string[]] = [[], []];
    for await (const page of this.#pages(folder, '/')) {
      for (const { Key = '' } of page.Contents ?? [])
        if (Key !== prefix) files.push(Key.slice(prefix.length));
      for (const { Prefix = '' } of page.CommonPrefixes ?? []) folders.push(Prefix.slice(prefix.length, -1));
    }
    return { files: files.sort(), folders: folders.filter((name) => name !== '').sort() };
  }

  /** Undefined when there is no such object. */
  async facts(object: S3Location): Promise<ObjectFacts | undefined> {
    const { HeadObjectCommand } = this.#sdk;
    const answer = await this.#ifThere(object, () =>
      this.#client.send(new HeadObjectCommand(requestOf(object)), this.#reading()),
    );
    return answer && { bytes: answer.ContentLength ?? 0, digest: answer.Metadata?.[digestKey] };
  }

  /** A small object, or the first bytes of one; undefined when there is none. */
  async read(object: S3Location, firstBytes?: number): Promise<Buffer | undefined> {
    const range = firstBytes === undefined ? {} : { Range: `bytes=0-${firstBytes - 1}` };
    const params = { ...requestOf(object), ...range };
    return this.#ifThere(object, () => readObject(this.#sdk, this.#client, { params, ...this.#reading() }));
  }

  /**
   * Downloads an object into a file, which appears whole or not at all.
   *
   * @returns false when there is no such object
   * @throws BlockstillError `storage/changed` when it has not the expected digest
   */
  async download(object: S3Location, path: string, expected?: Digest): Promise<boolean> {
    const where = s3Uri(object);
    const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
    try {
      await mkdir(dirname(path), { recursive: true });
      const received = await this.#ifThere(object, () =>
        receiveObject(this.#request(object), { path: temporary, where, signal: this.#signal }),
      );
      if (received === undefined) return false;
      if (expected !== undefined && received.digest !== expected) throw changed(where, received.digest);
      await rename(temporary, path);
      return true;
    } catch (error) {
      throw asStorageError(error, path);
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  /** Uploads a file, in parts when it is large; others see the object whole or not at all. */
  async upload(path: string, object: S3Location, digest?: Digest): Promise<void> {
    const Metadata = digest === undefined ? {} : { [digestKey]: digest };
    await this.#told(object, () =>
      uploadFile(this.#sdk, this.#client, { path, params: { ...requestOf(object), Metadata } }),
    );
  }

  async write(object: S3Location, content: string): Promise<void> {
    const { PutObjectCommand } = this.#sdk;
    const request = { ...requestOf(object), ...bodyOf(content) };
    await this.#told(object, () => this.#client.send(new PutObjectCommand(request)));
  }

  /** Writes an object unless there is one: false when there is. See {@link createObject}. */
  async create(object: S3Location, content: string): Promise<boolean> {
    const { PutObjectCommand } = this.#sdk;
    const request = { ...requestOf(object), ...bodyOf(content) };
    return this.#told(object, () =>
      createObject({
        put: async (condition) =>
          void (await this.#client.send(new PutObjectCommand({ ...request, ...condition }))),
        isThere: async () => (await this.facts(object)) !== undefined,
        isOurs: async () => (await this.read(object))?.toString('utf8') === content,
      }),
    );
  }

  /** Copies an object on the server; false where it can't: the object is too large, or the server knows no copies. */
  async copy(from: S3Location, to: S3Location, bytes: number): Promise<boolean> {
    if (bytes > maxCopyBytes) return false;
    const { CopyObjectCommand } = this.#sdk;
    const source = [from.bucket, ...from.key.split('/')].map(encodeURIComponent).join('/');
    return this.#told(to, async () => {
      try {
        await this.#client.send(new CopyObjectCommand({ ...requestOf(to), CopySource: source }));
        return true;
      } catch (error) {
        if (statusOf(error) === 501 || (error instanceof Error && error.name === 'InvalidRequest'))
          return false;
        throw error;
      }
    });
  }

  /** Removes objects of one bucket; one that is not there is no error. */
  async remove(objects: readonly S3Location[]): Promise<void> {
    const [first] = objects;
    if (first === undefined) return;
    const where = objects.length === 1 ? first : { bucket: first.bucket, key: '' };
    const keys = objects.map(({ key }) => key);
    await this.#told(where, () => removeObjects(this.#sdk, this.#client, { bucket: first.bucket, keys }));
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  async *#pages(folder: S3Location, delimiter?: string): AsyncGenerator<Sdk.ListObjectsV2CommandOutput> {
    const { ListObjectsV2Command } = this.#sdk;
    let token: string | undefined;
    do {
      const request = {
        Bucket: folder.bucket,
        Prefix: prefixOf(folder),
        ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      };
      const page = await this.#told(folder, () =>
        this.#client.send(new ListObjectsV2Command(request), this.#reading()),
      );
      yield page;
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  #request(object: S3Location): Request {
    const { GetObjectCommand } = this.#sdk;
    return async (start, etag) => {
      const rest = start === 0 ? {} : { Range: `bytes=${start}-`, ...(etag ? { IfMatch: etag } : {}) };
      const command = new GetObjectCommand({ ...requestOf(object), ...rest });
      const { Body, ContentLength, ContentRange, ETag } = await this.#client.send(command, this.#reading());
      return {
        body: (Body ?? []) as AsyncIterable<Uint8Array>,
        start: Number(/^bytes (\d+)-/.exec(ContentRange ?? '')?.[1] ?? 0),
        bytes: ContentLength,
        etag: ETag,
      };
    };
  }

  #reading(): { abortSignal?: AbortSignal } {
    return this.#signal === undefined ? {} : { abortSignal: this.#signal };
  }

  async #ifThere<Answer>(object: S3Location, work: () => Promise<Answer>): Promise<Answer | undefined> {
    return this.#told(object, async () => {
      try {
        return await work();
      } catch (error) {
        if (isNoSuchKey(error)) return undefined;
        throw error;
      }
    });
  }

  async #told<Answer>(location: S3Location, work: () => Promise<Answer>): Promise<Answer> {
    try {
      return await work();
    } catch (error) {
      throw asS3Error(error, {
        where: this.#field === undefined ? s3Uri(location) : `${this.#field} ${s3Uri(location)}`,
        bucket: location.bucket,
        endpoint: this.#endpoint,
      });
    }
  }
}

function requestOf({ bucket, key }: S3Location): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: key };
}

/** With its length, without which the SDK takes an empty content for a stream. */
function bodyOf(content: string): { Body: string; ContentLength: number } {
  return { Body: content, ContentLength: Buffer.byteLength(content) };
}

function changed(where: string, digest: Digest): BlockstillError {
  return new BlockstillError(
    'storage/changed',
    `The object is not the one that an earlier stage committed: its digest is ${digest}.`,
    {
      where,
      hint: 'Something wrote into the exchange. Remove the folder of that stage, and it is done again.',
    },
  );
}
