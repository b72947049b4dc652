import type { ImageShape } from './dataset-spec.ts';

/** Records are kept as the source has them: `uint8` when it is 8 bit, else `float32`. */
export type RecordType = 'uint8' | 'float32';
export type RecordValues = Uint8Array | Float32Array;

/**
 * Images of one size that can be read in order without holding them all.
 *
 * The images of a chunk lie one after the other as `[height, width, channels]`.
 */
export interface RecordSource {
  /** The file or folder that the user named, for messages. */
  readonly where: string;
  readonly count: number;
  readonly image: ImageShape;
  readonly dtype: RecordType;
  /** Fixed by the format or by the folders, else undefined. */
  readonly classes: number | undefined;
  readonly classNames: readonly string[] | undefined;
  /** Every file whose content decides the records. */
  readonly files: readonly string[];
  /** One class a record, or undefined when the source has no labels. */
  labels(signal?: AbortSignal): Promise<Int32Array | undefined>;
  /** The records of `rows` (ascending), in chunks of one or more whole records. */
  records(rows: Int32Array, signal?: AbortSignal): AsyncIterable<RecordValues>;
}

export function bytesPerValue(dtype: RecordType): number {
  return dtype === 'uint8' ? 1 : 4;
}

export function createValues(dtype: RecordType, length: number): RecordValues {
  return dtype === 'uint8' ? new Uint8Array(length) : new Float32Array(length);
}

export function allRows(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, row) => row);
}
