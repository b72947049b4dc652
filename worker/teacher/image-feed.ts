import { emitPreprocessing } from '../data/preprocess-graph.ts';
import { sizeOfImage, type Augmentation, type Preprocessing } from '../data/dataset-spec.ts';
import type { AugmentationTable } from '../data/augmentation.ts';
import type { Dataset, DatasetSplit } from '../data/dataset.ts';
import type { Graph } from '../graph/graph.ts';
import { bitcast, reshape, slice } from '../graph/nn.ts';
import type { Values } from '../graph/session.ts';
import type { Tensor } from '../graph/tensor.ts';

const wordBytes = 4;

export interface ImageFeedOptions {
  readonly batchSize: number;
  /** What the stored records are. */
  readonly dataset: Pick<Dataset, 'image' | 'dtype'>;
  readonly preprocessing: Preprocessing;
  /** Given: the graph also takes a row of augmentation parameters a sample. */
  readonly augmentation?: Augmentation | undefined;
}

/**
 * Brings records from the shards into the graph, one batch a call.
 *
 * Records travel as int32 words and are bitcast inside: int32 feeds stay in host memory, where a float feed to a GPU
 * would block and copy twice. Nothing but the batch is held, so the data set may be larger than memory.
 */
export class ImageFeed {
  /** Preprocessed `[batch, height, width, channels]`, float32. */
  readonly images: Tensor;
  readonly #names: { words: string; geometry: string; colours: string };
  readonly #words: Int32Array;
  readonly #records: Uint8Array | Float32Array;
  readonly #augmentation: { geometry: Int32Array; colours: Int32Array } | undefined;

  constructor(graph: Graph, name: string, options: ImageFeedOptions) {
    const { batchSize } = options;
    const { dtype, image } = options.dataset;
    const shape = [image.height, image.width, image.channels];
    this.#names = { words: `${name}/words`, geometry: `${name}/geometry`, colours: `${name}/colours` };
    const elements = batchSize * sizeOfImage(image);
    const bytes = elements * (dtype === 'uint8' ? 1 : wordBytes);
    this.#words = new Int32Array(Math.ceil(bytes / wordBytes));
    this.#records =
      dtype === 'uint8'
        ? new Uint8Array(this.#words.buffer, 0, elements)
        : new Float32Array(this.#words.buffer);
    const words = graph.placeholder(this.#names.words, [this.#words.length], 'int32');
    const raw = reshape(unpack(words, dtype, elements), [batchSize, ...shape]);
    if (options.augmentation === undefined) {
      this.images = emitPreprocessing(raw, options.preprocessing);
      return;
    }
    this.#augmentation = { geometry: new Int32Array(batchSize * 8), colours: new Int32Array(batchSize * 3) };
    const floats = (placeholder: string, columns: number): Tensor =>
      bitcast(graph.placeholder(placeholder, [batchSize, columns], 'int32'), 'float32');
    this.images = emitPreprocessing(raw, options.preprocessing, {
      spec: options.augmentation,
      transforms: floats(this.#names.geometry, 8),
      colours: floats(this.#names.colours, 3),
    });
  }

  /** What to feed for the samples `rows` of a split; `table` holds the augmentation of the whole split. */
  async feeds(
    split: DatasetSplit,
    rows: Int32Array,
    table?: AugmentationTable,
  ): Promise<Record<string, Values>> {
    await split.readRecords(rows, this.#records);
    const feeds: Record<string, Values> = { [this.#names.words]: this.#words };
    if (this.#augmentation === undefined || table === undefined) return feeds;
    const { geometry, colours } = this.#augmentation;
    gatherRows(table.transforms, rows, new Float32Array(geometry.buffer));
    gatherRows(table.colours, rows, new Float32Array(colours.buffer));
    return { ...feeds, [this.#names.geometry]: geometry, [this.#names.colours]: colours };
  }
}

/** Reads a flat int32 tensor as `elements` values of another type. */
function unpack(words: Tensor, dtype: 'uint8' | 'float32', elements: number): Tensor {
  const values = bitcast(words, dtype);
  return dtype === 'float32'
    ? values
    : slice(reshape(values, [values.shape[0]! * wordBytes]), [0], [elements]);
}

function gatherRows(source: Float32Array, rows: Int32Array, target: Float32Array): void {
  const columns = target.length / rows.length;
  rows.forEach((row, index) => {
    target.set(source.subarray(row * columns, (row + 1) * columns), index * columns);
  });
}
