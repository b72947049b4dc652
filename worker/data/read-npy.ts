import { InvalidInputError } from '../../common/error.ts';
import type { ArrayFile } from './array-file.ts';
import { arraySource } from './array-file.ts';
import { fileBytes, readPrefix } from './byte-source.ts';
import type { ByteSource } from './byte-source.ts';
import type { DatasetSource } from './dataset-spec.ts';
import { bytesPerElement } from './element-type.ts';
import type { ElementType } from './element-type.ts';
import type { RecordSource } from './record-source.ts';

/** Images in an `.npy` file, labels in another. */
export async function readNpy(source: DatasetSource): Promise<RecordSource> {
  const images = await npyFile(await fileBytes(source.path));
  const labels =
    source.labelsPath === undefined ? undefined : await npyFile(await fileBytes(source.labelsPath));
  return arraySource(images, labels);
}

const magic = Buffer.from('\x93NUMPY', 'latin1');
const maximumHeaderBytes = 1 << 16;

/**
 * Reads the header of an array that numpy saved, versions 1 to 3 of
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
 */
export async function npyFile(bytes: ByteSource): Promise<ArrayFile> {
  const start = await readPrefix(bytes, 12);
  const version = start[6] ?? 0;
  if (!start.subarray(0, 6).equals(magic) || start.length < 12 || version < 1 || version > 3) {
    throw invalidHeader(bytes.where, 'The file is not an array in the NPY format, versions 1 to 3.');
  }
  const lengthBytes = version === 1 ? 2 : 4;
  const headerBytes = start.readUIntLE(8, lengthBytes);
  const offset = 8 + lengthBytes + headerBytes;
  if (headerBytes > maximumHeaderBytes)
    throw invalidHeader(bytes.where, `Its header claims ${headerBytes} bytes.`);
  const header = (await readPrefix(bytes, offset)).subarray(8 + lengthBytes);
  if (header.length < headerBytes) {
    throw new InvalidInputError(
      'data/truncated',
      `The file ends inside its header: ${headerBytes - header.length} bytes of it are missing.`,
      { where: bytes.where, hint: 'Fetch or create the file again.' },
    );
  }
  return { bytes, offset, ...parseHeader(header.toString(version === 3 ? 'utf8' : 'latin1'), bytes.where) };
}

function parseHeader(header: string, where: string): Pick<ArrayFile, 'shape' | 'element'> {
  const descriptor = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const fortranOrder = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shapeText = /'shape':\s*\(([\d\s,L]*)\)/.exec(header)?.[1];
  if (fortranOrder === undefined || shapeText === undefined) {
    throw invalidHeader(where, 'Its NPY header names no shape or order.');
  }
  const element = parseDescriptor(descriptor, where);
  const shape = shapeText
    .split(',')
    .map((part) => part.trim().replace('L', ''))
    .filter((part) => part !== '')
    .map(Number);
  if (!Number.isSafeInteger(shape.reduce((product, size) => product * size, bytesPerElement(element)))) {
    throw invalidHeader(where, `Its NPY header claims the shape [${shape.join(', ')}].`);
  }
  if (fortranOrder === 'True' && shape.length > 1) {
    throw new InvalidInputError('data/fortran-order', 'The array is stored in Fortran order.', {
      where,
      hint: 'Save it in C order: numpy.save(path, numpy.ascontiguousarray(array)).',
    });
  }
  return { shape, element };
}

function parseDescriptor(descriptor: string | undefined, where: string): ElementType {
  const [, order, letter, digits] = /^([<>|=])([uif])([1248])$/.exec(descriptor ?? '') ?? [];
  if (order === undefined || `${letter}${digits}` === 'f1') {
    throw new InvalidInputError(
      'data/dtype',
      `Arrays of type ${descriptor ?? '(structured)'} are not supported.`,
      {
        where,
        hint: 'Save it as uint8 (pixels), float16, float32, float64, or an integer type.',
      },
    );
  }
  const kind = letter === 'u' ? 'uint' : letter === 'i' ? 'int' : 'float';
  return { kind, bits: (Number(digits) * 8) as ElementType['bits'], littleEndian: order !== '>' };
}

function invalidHeader(where: string, message: string): InvalidInputError {
  return new InvalidInputError('data/corrupt', message, {
    where,
    hint: 'Check spec.dataset.format, or create the file again with numpy.save.',
  });
}
