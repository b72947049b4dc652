import { randomUUID } from 'node:crypto';
import { originOutside } from '../output-marker.ts';
import type { ObjectStore } from '../s3/object-store.ts';
import { below, isS3Uri, parseS3Uri, prefixOf, s3Uri, type S3Location } from '../s3/s3-location.ts';
import type { OutputPlace } from './output-place.ts';

/**
 * A part of a bucket. What S3 can't do as a file system does: on a server without conditional requests two jobs that
 * claim an empty place in the same moment are told apart only by reading the claim again, and in a bucket with versions a
 * check leaves an old version behind.
 */
export class S3Place implements OutputPlace {
  readonly name: string;
  readonly #location: S3Location;
  readonly #store: ObjectStore;

  constructor(location: S3Location, store: ObjectStore) {
    this.name = s3Uri(location);
    this.#location = location;
    this.#store = store;
  }

  nameOf(file: string): string {
    return s3Uri(this.#at(file));
  }

  async read(file: string): Promise<string | undefined> {
    return (await this.#store.read(this.#at(file)))?.toString('utf8');
  }

  async sizeOf(file: string): Promise<number | undefined> {
    return (await this.#store.facts(this.#at(file)))?.bytes;
  }

  async files(): Promise<string[]> {
    return (await this.#store.names(this.#location)).files;
  }

  async overlaps(inputUri: string): Promise<boolean> {
    if (!isS3Uri(inputUri)) return false;
    const input = parseS3Uri(inputUri);
    if (input.bucket !== this.#location.bucket) return false;
    return (
      input.key === this.#location.key ||
      this.#holds(this.#location, input) ||
      this.#holds(input, this.#location)
    );
  }

  async originOf(exchange: string): Promise<string> {
    return originOutside(exchange);
  }

  async checkWritable(): Promise<void> {
    const probe = this.#at(`.blockstill.${randomUUID()}.tmp`);
    await this.#store.write(probe, '');
    await this.#store.remove([probe]);
  }

  async claim(file: string, content: string): Promise<boolean> {
    return this.#store.create(this.#at(file), content);
  }

  async write(file: string, content: string): Promise<void> {
    await this.#store.write(this.#at(file), content);
  }

  async copy(file: string, path: string): Promise<void> {
    await this.#store.upload(path, this.#at(file));
  }

  async remove(file: string): Promise<void> {
    await this.#store.remove([this.#at(file)]);
  }

  [Symbol.dispose](): void {
    this.#store[Symbol.dispose]();
  }

  #at(file: string): S3Location {
    return below(this.#location, file);
  }

  #holds(folder: S3Location, { key }: S3Location): boolean {
    return key.startsWith(prefixOf(folder));
  }
}
