import type { ImageShape, ResizeMethod } from './dataset-spec.ts';
import { sizeOfImage } from './dataset-spec.ts';
import type { RecordValues } from './record-source.ts';

interface FitOptions {
  readonly from: ImageShape;
  readonly to: ImageShape;
  readonly resize: ResizeMethod;
}

/**
 * Brings one image `[height, width, channels]` to another size and from 1 to 3 channels or back, in float arithmetic;
 * 8-bit pixels are rounded. Grey is the luma 0.299 R + 0.587 G + 0.114 B, as TensorFlow's decoders have it.
 */
export function fitImage(pixels: RecordValues, { from, to, resize }: FitOptions): RecordValues {
  const coloured = convertChannels(pixels, from.channels, to.channels);
  if (from.height === to.height && from.width === to.width) return coloured;
  const sample = resize === 'Nearest' ? sampleNearest : sampleBilinear;
  return sample(coloured, { ...from, channels: to.channels }, to);
}

export function canConvertChannels(from: number, to: number): boolean {
  return from === to || (from === 1 && to === 3) || (from === 3 && to === 1);
}

export function convertChannels(pixels: RecordValues, from: number, to: number): RecordValues {
  if (from === to) return pixels;
  const count = pixels.length / from;
  const converted = emptyLike(pixels, count * to);
  for (let pixel = 0; pixel < count; pixel++) {
    if (to === 3) converted.fill(pixels[pixel]!, pixel * 3, pixel * 3 + 3);
    else converted[pixel] = stored(lumaAt(pixels, pixel * 3), pixels);
  }
  return converted;
}

function lumaAt(pixels: RecordValues, start: number): number {
  return 0.299 * pixels[start]! + 0.587 * pixels[start + 1]! + 0.114 * pixels[start + 2]!;
}

function sampleNearest(pixels: RecordValues, from: ImageShape, to: ImageShape): RecordValues {
  const { channels } = to;
  const sampled = emptyLike(pixels, sizeOfImage(to));
  const rows = nearestPositions(from.height, to.height);
  const columns = nearestPositions(from.width, to.width);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const start = (row * from.width + column) * channels;
      for (let channel = 0; channel < channels; channel++) sampled[at++] = pixels[start + channel]!;
    }
  }
  return sampled;
}

function nearestPositions(from: number, to: number): Int32Array {
  return Int32Array.from({ length: to }, (_, index) =>
    Math.min(from - 1, Math.floor(((index + 0.5) * from) / to)),
  );
}

function sampleBilinear(pixels: RecordValues, from: ImageShape, to: ImageShape): RecordValues {
  const { channels } = to;
  const sampled = emptyLike(pixels, sizeOfImage(to));
  const rows = linearPositions(from.height, to.height);
  const columns = linearPositions(from.width, to.width);
  let at = 0;
  for (const row of rows) {
    const upper = row.first * from.width;
    const lower = row.second * from.width;
    for (const column of columns) {
      for (let channel = 0; channel < channels; channel++) {
        const above = mix(
          pixels,
          (upper + column.first) * channels + channel,
          (upper + column.second) * channels + channel,
          column.weight,
        );
        const below = mix(
          pixels,
          (lower + column.first) * channels + channel,
          (lower + column.second) * channels + channel,
          column.weight,
        );
        sampled[at++] = stored(above + (below - above) * row.weight, pixels);
      }
    }
  }
  return sampled;
}

function mix(pixels: RecordValues, first: number, second: number, weight: number): number {
  return pixels[first]! + (pixels[second]! - pixels[first]!) * weight;
}

interface LinearPosition {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

/** Half-pixel centres: output pixel i looks at (i + 0.5) * from / to - 0.5, clamped to the image. */
function linearPositions(from: number, to: number): readonly LinearPosition[] {
  return Array.from({ length: to }, (_, index) => {
    const position = Math.min(from - 1, Math.max(0, ((index + 0.5) * from) / to - 0.5));
    const first = Math.floor(position);
    return { first, second: Math.min(from - 1, first + 1), weight: position - first };
  });
}

function emptyLike(pixels: RecordValues, length: number): RecordValues {
  return pixels instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length);
}

function stored(value: number, pixels: RecordValues): number {
  return pixels instanceof Float32Array ? value : Math.round(value);
}
