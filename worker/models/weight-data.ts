import { z } from 'zod';
import { InvalidInputError } from '../../common/error.ts';
import { elementCount } from '../graph/tensor.ts';
import type { WeightTensor } from './network.ts';

const bytesPerValue = { float32: 4, float16: 2, int32: 4, uint8: 1, uint16: 2, bool: 1 } as const;

const dtype = z.enum(['float32', 'float16', 'int32', 'uint8', 'uint16', 'bool']);

const weightEntry = z.object({
  name: z.string().min(1),
  shape: z.array(z.int().nonnegative()),
  dtype,
  quantization: z
    .union([
      z.object({ dtype: z.enum(['uint8', 'uint16']), scale: z.number(), min: z.number() }),
      z.object({ dtype: z.literal('float16') }),
    ])
    .nullish(),
});

/** The `weightsManifest` of a TensorFlow.js `model.json`. */
export const weightsManifest = z.array(
  z.object({ paths: z.array(z.string().min(1)), weights: z.array(weightEntry) }),
);

export type WeightGroup = z.output<typeof weightsManifest>[number];
type WeightEntry = WeightGroup['weights'][number];

/** Reads one shard, named as in the manifest. With more than `mostBytes` it is wrong; who reads from afar stops there. */
export type ReadShard = (path: string, mostBytes: number) => Promise<Uint8Array>;

function storedBytes(entry: WeightEntry): number {
  return elementCount(entry.shape) * bytesPerValue[entry.quantization?.dtype ?? entry.dtype];
}

/**
 * Reads and decodes every weight of a manifest, quantised ones included.
 *
 * Throws `model/shard-length` when the shards of a group hold more or fewer bytes than its weights need.
 */
export async function readWeights(
  manifest: readonly WeightGroup[],
  readShard: ReadShard,
): Promise<ReadonlyMap<string, WeightTensor>> {
  const weights = new Map<string, WeightTensor>();
  for (const group of manifest) {
    const expected = group.weights.reduce((sum, entry) => sum + storedBytes(entry), 0);
    const shards: Uint8Array[] = [];
    for (const path of group.paths) shards.push(await readShard(path, expected));
    const data = Buffer.concat(shards);
    if (data.length !== expected) {
      throw new InvalidInputError(
        'model/shard-length',
        `The weights need ${expected} bytes and the file holds ${data.length}.`,
        {
          where: group.paths.join(', '),
          hint: 'The download may be incomplete, or belong to another model.json.',
        },
      );
    }
    let offset = 0;
    for (const entry of group.weights) {
      if (weights.has(entry.name)) {
        throw new InvalidInputError('model/duplicate-weight', `The weight "${entry.name}" is listed twice.`);
      }
      const bytes = data.subarray(offset, offset + storedBytes(entry));
      weights.set(entry.name, { shape: entry.shape, values: decode(entry, bytes) });
      offset += bytes.length;
    }
  }
  return weights;
}

function decode(entry: WeightEntry, bytes: Uint8Array): Float32Array {
  const values = new Float32Array(elementCount(entry.shape));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stored = entry.quantization?.dtype ?? entry.dtype;
  const read = readers[stored];
  for (let index = 0; index < values.length; index++) {
    values[index] = read(view, index * bytesPerValue[stored]);
  }
  const { quantization } = entry;
  if (quantization != null && quantization.dtype !== 'float16') {
    const { scale, min } = quantization;
    // The product is formed in double precision, as TensorFlow.js does, or the last bit differs.
    for (let index = 0; index < values.length; index++) values[index] = values[index]! * scale + min;
  }
  return values;
}

const readers = {
  float32: (view, offset) => view.getFloat32(offset, true),
  float16: (view, offset) => halfPrecision(view.getUint16(offset, true)),
  int32: (view, offset) => view.getInt32(offset, true),
  uint8: (view, offset) => view.getUint8(offset),
  uint16: (view, offset) => view.getUint16(offset, true),
  bool: (view, offset) => view.getUint8(offset),
} satisfies Record<keyof typeof bytesPerValue, (view: DataView, offset: number) => number>;

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits, 10 fraction bits. */
function halfPrecision(bits: number): number {
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
