import type { RecordType, RecordValues } from './record-source.ts';

/** The number formats that arrays on disk may have. */
export interface ElementType {
  readonly kind: 'uint' | 'int' | 'float';
  readonly bits: 8 | 16 | 32 | 64;
  readonly littleEndian: boolean;
}

/** 8-bit pixels stay `uint8`; everything else becomes `float32`. */
export function recordTypeOf({ kind, bits }: ElementType): RecordType {
  return kind === 'uint' && bits === 8 ? 'uint8' : 'float32';
}

export function bytesPerElement({ bits }: ElementType): number {
  return bits / 8;
}

/** The values of a piece of an array file as pixels. */
export function pixelsOf(bytes: Buffer, type: ElementType): RecordValues {
  if (recordTypeOf(type) === 'uint8') return bytes;
  const values = new Float32Array(bytes.length / bytesPerElement(type));
  if (type.kind === 'float' && type.bits === 32 && type.littleEndian) {
    new Uint8Array(values.buffer).set(bytes);
    return values;
  }
  const read = elementReader(bytes, type);
  for (let index = 0; index < values.length; index++) values[index] = read(index);
  return values;
}

/** The values of a piece of an array file as numbers; 64-bit integers beyond 2^53 lose their last digits. */
export function numbersOf(bytes: Buffer, type: ElementType): Float64Array {
  const read = elementReader(bytes, type);
  return Float64Array.from({ length: bytes.length / bytesPerElement(type) }, (_, index) => read(index));
}

function elementReader(bytes: Buffer, { kind, bits, littleEndian }: ElementType): (index: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (`${kind}${bits}` as const) {
    case 'uint8':
      return (index) => view.getUint8(index);
    case 'uint16':
      return (index) => view.getUint16(index * 2, littleEndian);
    case 'uint32':
      return (index) => view.getUint32(index * 4, littleEndian);
    case 'uint64':
      return (index) => Number(view.getBigUint64(index * 8, littleEndian));
    case 'int8':
      return (index) => view.getInt8(index);
    case 'int16':
      return (index) => view.getInt16(index * 2, littleEndian);
    case 'int32':
      return (index) => view.getInt32(index * 4, littleEndian);
    case 'int64':
      return (index) => Number(view.getBigInt64(index * 8, littleEndian));
    case 'float16':
      return (index) => halfToNumber(view.getUint16(index * 2, littleEndian));
    case 'float32':
      return (index) => view.getFloat32(index * 4, littleEndian);
    case 'float64':
      return (index) => view.getFloat64(index * 8, littleEndian);
    case 'float8':
      throw new TypeError('There is no 8-bit floating point number in the supported formats.');
  }
}

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
