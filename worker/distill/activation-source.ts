import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ActivationTier } from '../contract/activation-tier.ts';
import type { AugmentationTable } from '../data/augmentation.ts';
import type { Dataset } from '../data/dataset.ts';
import { batchesOf } from '../evaluate/batches.ts';
import type { Graph } from '../graph/graph.ts';
import { bitcast, cast, fill, gatherRows } from '../graph/nn.ts';
import type { Session, Values } from '../graph/session.ts';
import type { Operation } from '../graph/tensor.ts';
import type { Buffers } from './buffers.ts';
import type { ImageFeed } from '../teacher/image-feed.ts';

export type CachedSplit = 'train' | 'validation';

/** Fills the batch buffers with the teacher's activations of some samples. */
export interface ActivationSource extends Disposable {
  readonly tier: ActivationTier;
  /** `rows` has one full batch of sample numbers; `pass` counts augmentation passes, and is ignored without augmentation. */
  load(split: CachedSplit, rows: Int32Array, pass: number): Promise<void>;
}

export interface TeacherSourceOptions {
  readonly session: () => Session;
  readonly dataset: Dataset;
  readonly plain: ImageFeed;
  readonly augmented?:
    { readonly feed: ImageFeed; readonly table: (pass: number) => AugmentationTable } | undefined;
}

export const teachEndpoint = { plain: 'teach/plain', augmented: 'teach/augmented' } as const;

/** Runs the teacher for every batch. */
export class TeacherSource implements ActivationSource {
  readonly tier = 'Recompute';
  readonly #options: TeacherSourceOptions;
  #table: { pass: number; table: AugmentationTable } | undefined;

  constructor(options: TeacherSourceOptions) {
    this.#options = options;
  }

  async load(split: CachedSplit, rows: Int32Array, pass: number): Promise<void> {
    const { augmented, dataset, session } = this.#options;
    if (split === 'validation' || augmented === undefined) return this.loadPlain(split, rows);
    if (this.#table?.pass !== pass) this.#table = { pass, table: augmented.table(pass) };
    const feeds = await augmented.feed.feeds(dataset[split], rows, this.#table.table);
    session().run(teachEndpoint.augmented, feeds);
  }

  /** The activations of unaugmented samples, as BatchNorm recalibration wants them. */
  async loadPlain(split: CachedSplit, rows: Int32Array): Promise<void> {
    const { dataset, plain, session } = this.#options;
    session().run(teachEndpoint.plain, await plain.feeds(dataset[split], rows));
  }

  [Symbol.dispose](): void {}
}

export interface CacheOptions {
  readonly session: () => Session;
  readonly teacher: TeacherSource;
  readonly buffers: Buffers;
  readonly batchSize: number;
  /** Samples a split. */
  readonly samples: Readonly<Record<CachedSplit, number>>;
  /** Augmentation passes that are kept: 1 without augmentation. */
  readonly passes: number;
}

/** Rows of the cache: `pass * samples + row`, with one spare row at the end that takes what padding computes. */
function cacheRows(options: CacheOptions, split: CachedSplit): number {
  return options.samples[split] * (split === 'train' ? options.passes : 1);
}

/** Computes what a cache holds: every sample of every pass once, in file order. */
async function fillCache(
  options: CacheOptions,
  store: (split: CachedSplit, batch: { first: number; valid: number }) => void,
  between: () => Promise<void>,
): Promise<void> {
  for (const split of ['train', 'validation'] as const) {
    for (let pass = 0; pass < (split === 'train' ? options.passes : 1); pass++) {
      let first = pass * options.samples[split];
      for (const { rows, valid } of batchesOf(options.samples[split], options.batchSize)) {
        await options.teacher.load(split, rows, pass);
        store(split, { first, valid });
        first += valid;
        await between();
      }
    }
  }
}

/** Keeps the activations in session variables. Made before the graph is closed, filled after the session is open. */
export class MemoryCache implements ActivationSource {
  readonly tier = 'Memory';
  readonly #options: CacheOptions;

  constructor(graph: Graph, options: CacheOptions) {
    this.#options = options;
    const clear: Operation[] = [];
    // Fed, not constant: TensorFlow would fold a constant fill into a tensor of the graph's own, and then copy it for the
    // first row that is replaced, so that the cache would be in memory twice.
    const zero = cast(graph.placeholder('cache/zero', [], 'int32'), 'float32');
    const rows = graph.placeholder('cache/rows', [options.batchSize], 'int32');
    for (const split of ['train', 'validation'] as const) {
      const store: Operation[] = [];
      const load: Operation[] = [];
      for (const [boundary, buffer] of options.buffers) {
        const shape = [cacheRows(options, split) + 1, ...buffer.shape.slice(1)];
        const cache = graph.variable(`cache/${split}/${boundary}`, shape);
        clear.push(graph.assign(cache, fill(graph, shape, zero)));
        store.push(graph.apply('ResourceScatterUpdate', [cache.handle, rows, graph.read(buffer)]));
        load.push(graph.assign(buffer, gatherRows(cache, rows)));
      }
      graph.endpoint(`cache/store/${split}`, { run: store });
      graph.endpoint(`cache/load/${split}`, { run: load });
    }
    graph.endpoint('cache/clear', { run: clear });
  }

  async fill(between: () => Promise<void>): Promise<void> {
    const { session, batchSize } = this.#options;
    session().run('cache/clear', { 'cache/zero': Int32Array.of(0) });
    const store = (split: CachedSplit, { first, valid }: { first: number; valid: number }): void => {
      const spare = cacheRows(this.#options, split);
      const rows = Int32Array.from({ length: batchSize }, (_, i) => (i < valid ? first + i : spare));
      session().run(`cache/store/${split}`, { 'cache/rows': rows });
    };
    await fillCache(this.#options, store, between);
  }

  async load(split: CachedSplit, rows: Int32Array, pass: number): Promise<void> {
    const offset = split === 'train' ? (pass % this.#options.passes) * this.#options.samples.train : 0;
    const shifted = offset === 0 ? rows : rows.map((row) => row + offset);
    this.#options.session().run(`cache/load/${split}`, { 'cache/rows': shifted });
  }

  [Symbol.dispose](): void {}
}

/** Keeps the activations in scratch files, one a boundary and split, as raw float32 rows. */
export class DiskCache implements ActivationSource {
  readonly tier = 'Disk';
  readonly #options: CacheOptions;
  readonly #files = new Map<string, number>();
  readonly #words: ReadonlyMap<string, Int32Array>;

  constructor(graph: Graph, folder: string, options: CacheOptions) {
    this.#options = options;
    const words = new Map<string, Int32Array>();
    const load: Operation[] = [];
    for (const [boundary, buffer] of options.buffers) {
      const placeholder = graph.placeholder(`disk/${boundary}`, buffer.shape, 'int32');
      load.push(graph.assign(buffer, bitcast(placeholder, 'float32')));
      words.set(boundary, new Int32Array(buffer.shape.reduce((product, size) => product * size, 1)));
      for (const split of ['train', 'validation'] as const) {
        const path = join(folder, `activations-${split}-${this.#files.size}.f32`);
        const descriptor = openSync(path, 'w+');
        // Without a name the file is gone with the process, however that ends.
        rmSync(path);
        this.#files.set(`${split}/${boundary}`, descriptor);
      }
    }
    this.#words = words;
    graph.endpoint('disk/load', { run: load });
    graph.endpoint('disk/store', {
      fetch: Object.fromEntries(
        [...options.buffers].map(([boundary, buffer]) => [boundary, graph.read(buffer)]),
      ),
    });
  }

  async fill(between: () => Promise<void>): Promise<void> {
    const { session, batchSize } = this.#options;
    const store = (split: CachedSplit, { first, valid }: { first: number; valid: number }): void => {
      for (const [boundary, values] of Object.entries(session().run('disk/store'))) {
        const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        const rowBytes = bytes.byteLength / batchSize;
        writeFully(this.#file(split, boundary), bytes.subarray(0, valid * rowBytes), first * rowBytes);
      }
    };
    await fillCache(this.#options, store, between);
  }

  async load(split: CachedSplit, rows: Int32Array, pass: number): Promise<void> {
    const offset = split === 'train' ? (pass % this.#options.passes) * this.#options.samples.train : 0;
    const feeds: Record<string, Values> = {};
    for (const [boundary, words] of this.#words) {
      const bytes = new Uint8Array(words.buffer);
      const rowBytes = bytes.byteLength / rows.length;
      rows.forEach((row, index) => {
        readFully(
          this.#file(split, boundary),
          bytes.subarray(index * rowBytes, (index + 1) * rowBytes),
          (row + offset) * rowBytes,
        );
      });
      feeds[`disk/${boundary}`] = words;
    }
    this.#options.session().run('disk/load', feeds);
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#files.values()) closeSync(descriptor);
    this.#files.clear();
  }

  #file(split: CachedSplit, boundary: string): number {
    const file = this.#files.get(`${split}/${boundary}`);
    if (file === undefined) throw new Error(`no cache file of ${boundary}`);
    return file;
  }
}

function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.byteLength;) {
    done += writeSync(file, bytes, done, bytes.byteLength - done, position + done);
  }
}

function readFully(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.byteLength;) {
    const read = readSync(file, bytes, done, bytes.byteLength - done, position + done);
    if (read === 0) throw new Error('an activation file ends too early');
    done += read;
  }
}
