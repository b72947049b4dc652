import { readFile } from 'node:fs/promises';

/** Grey images with their classes, as IDX files hold them. */
export interface LabelledImages {
  readonly height: number;
  readonly width: number;
  /** `[count, height, width]`, 0 to 255. */
  readonly pixels: Uint8Array;
  /** `[count]` */
  readonly labels: Uint8Array;
}

const imagesHeaderBytes = 16;
const labelsHeaderBytes = 8;
/** IDX: two zero bytes, 8 for unsigned bytes, the number of axes; then one 32-bit length an axis. */
const imagesMagic = 0x0803;
const labelsMagic = 0x0801;

export interface IdxPaths {
  readonly images: string;
  readonly labels: string;
}

/** Reads two IDX files, the format of MNIST (https://yann.lecun.org/exdb/mnist/). */
export async function readIdxFiles(paths: IdxPaths): Promise<LabelledImages> {
  const images = await readFile(paths.images);
  const labels = await readFile(paths.labels);
  if (images.readUInt32BE(0) !== imagesMagic || labels.readUInt32BE(0) !== labelsMagic) {
    throw new Error(`${paths.images} and ${paths.labels} are not the images and labels of an IDX data set.`);
  }
  return {
    height: images.readUInt32BE(8),
    width: images.readUInt32BE(12),
    pixels: images.subarray(imagesHeaderBytes),
    labels: labels.subarray(labelsHeaderBytes),
  };
}

/** The content of the two IDX files that hold these images. */
export function idxFiles({ height, width, pixels, labels }: LabelledImages): {
  images: Uint8Array;
  labels: Uint8Array;
} {
  return {
    images: Buffer.concat([bigEndian(imagesMagic, labels.length, height, width), pixels]),
    labels: Buffer.concat([bigEndian(labelsMagic, labels.length), labels]),
  };
}

function bigEndian(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, index) => bytes.writeUInt32BE(number, index * 4));
  return bytes;
}

/** The images from `first` on, at most `count`. */
export function sliceOf(images: LabelledImages, first: number, count: number): LabelledImages {
  const pixelsEach = images.height * images.width;
  return {
    ...images,
    pixels: images.pixels.subarray(first * pixelsEach, (first + count) * pixelsEach),
    labels: images.labels.subarray(first, first + count),
  };
}
