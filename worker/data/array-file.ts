import { InvalidInputError } from '../../common/error.ts';
import { checkSize, readRecordBytes } from './byte-source.ts';
import type { ByteSource, RecordLayout } from './byte-source.ts';
import { describeShape } from './dataset-spec.ts';
import type { ImageShape } from './dataset-spec.ts';
import { bytesPerElement, numbersOf, pixelsOf, recordTypeOf } from './element-type.ts';
import type { ElementType } from './element-type.ts';
import { allRows } from './record-source.ts';
import type { RecordSource, RecordValues } from './record-source.ts';

/** One array on disk, row after row: the content of an NPY file, an NPZ member or an IDX file. */
export interface ArrayFile {
  readonly bytes: ByteSource;
  readonly shape: readonly number[];
  readonly element: ElementType;
  /** Bytes before the first element. */
  readonly offset: number;
}

/** Larger images than this come from a damaged header. */
const maximumRecordBytes = 1 << 30;

/**
 * An array of images, `[count, height, width, channels]` or `[count, height, width]`, with its array of labels.
 *
 * @throws InvalidInputError for shapes that cannot be images, and for files shorter or longer than their header says.
 */
export function arraySource(images: ArrayFile, labels: ArrayFile | undefined): RecordSource {
  const { shape, element } = images;
  const where = images.bytes.where;
  const [count = 0, height = 0, width = 0, channels = 1] = shape;
  if (shape.length !== 3 && shape.length !== 4) {
    throw new InvalidInputError('data/image-shape', `Images have the shape [${shape.join(', ')}].`, {
      where,
      hint: 'It must be [count, height, width, channels], or [count, height, width] for one channel.',
    });
  }
  const image = { height, width, channels };
  const layout = {
    offset: images.offset,
    recordBytes: height * width * channels * bytesPerElement(element),
    count,
  };
  checkLayout(images, layout, image);
  if (labels !== undefined) checkLabelLayout(labels, { count, where });
  return {
    where,
    count,
    image,
    dtype: recordTypeOf(element),
    classes: undefined,
    classNames: undefined,
    files: [...new Set([images.bytes.file, ...(labels ? [labels.bytes.file] : [])])],
    labels: async (signal) => (labels === undefined ? undefined : await readLabels(labels, signal)),
    records: (rows, signal) => readImages(images, layout, { rows, signal }),
  };
}

async function* readImages(
  images: ArrayFile,
  layout: RecordLayout,
  options: { readonly rows: Int32Array; readonly signal: AbortSignal | undefined },
): AsyncIterable<RecordValues> {
  for await (const bytes of readRecordBytes(images.bytes, layout, options))
    yield pixelsOf(bytes, images.element);
}

function checkLayout(images: ArrayFile, layout: RecordLayout, image: ImageShape): void {
  const where = images.bytes.where;
  if (layout.recordBytes === 0 || layout.recordBytes > maximumRecordBytes || !isCount(layout.count)) {
    throw new InvalidInputError(
      'data/image-shape',
      `The header says ${layout.count} images of ${describeShape(image)}, which cannot be.`,
      { where, hint: 'The file is damaged or has another format.' },
    );
  }
  if (layout.count === 0) {
    throw new InvalidInputError('data/empty', 'The array of images is empty.', {
      where,
      hint: 'Give at least one.',
    });
  }
  checkSize(images.bytes, layout);
}

function isCount(count: number): boolean {
  return Number.isInteger(count) && count >= 0 && count < 2 ** 31;
}

function checkLabelLayout(
  labels: ArrayFile,
  images: { readonly count: number; readonly where: string },
): void {
  const { shape, element, offset, bytes } = labels;
  const [count = 0, columns = 1] = shape;
  if (shape.length < 1 || shape.length > 2 || columns < 1 || columns > 1 << 20) {
    throw new InvalidInputError('data/label-shape', `Labels have the shape [${shape.join(', ')}].`, {
      where: bytes.where,
      hint: 'It must be [count], [count, 1], or one-hot [count, classes].',
    });
  }
  if (count !== images.count) {
    throw new InvalidInputError('data/label-count', `There are ${count} labels for ${images.count} images.`, {
      where: bytes.where,
      hint: `Give one label for each image of ${images.where}.`,
    });
  }
  checkSize(bytes, { offset, recordBytes: columns * bytesPerElement(element), count });
}

async function readLabels(labels: ArrayFile, signal: AbortSignal | undefined): Promise<Int32Array> {
  const { shape, element, offset, bytes } = labels;
  const [count = 0, columns = 1] = shape;
  const layout = { offset, recordBytes: columns * bytesPerElement(element), count };
  const classes = new Int32Array(count);
  let row = 0;
  for await (const piece of readRecordBytes(bytes, layout, { rows: allRows(count), signal })) {
    const numbers = numbersOf(piece, element);
    for (let start = 0; start < numbers.length; start += columns, row++) {
      const label = columns === 1 ? numbers[start]! : hotColumn(numbers.subarray(start, start + columns));
      if (!Number.isInteger(label) || Math.abs(label) > 2 ** 31 - 1)
        throw notALabel(bytes.where, row, columns);
      classes[row] = label;
    }
  }
  return classes;
}

/** The one column that is 1 among zeros, or NaN. */
function hotColumn(values: Float64Array): number {
  const column = values.indexOf(1);
  return column >= 0 && values.every((value, index) => value === (index === column ? 1 : 0)) ? column : NaN;
}

function notALabel(where: string, row: number, columns: number): InvalidInputError {
  const what = columns === 1 ? 'a whole number' : `one-hot over ${columns} classes`;
  return new InvalidInputError('data/label-value', `The label of record ${row} is not ${what}.`, {
    where,
    hint: 'Labels are class numbers from 0, or one-hot rows.',
  });
}
