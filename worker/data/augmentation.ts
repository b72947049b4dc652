import { randomStream } from '../../common/random.ts';
import type { Augmentation } from './dataset-spec.ts';

/** Values of a row of {@link AugmentationTable.transforms}. */
const transformColumns = 8;
/** Values of a row of {@link AugmentationTable.colours}. */
export const colourColumns = 3;

/** What happens to each record in one pass over the training split. */
export interface AugmentationTable {
  /**
   * `[count, 8]`: the coefficients of `ImageProjectiveTransformV3`. The output pixel (x, y) comes from the input's
   * (a0 x + a1 y + a2, b0 x + b1 y + b2); the last two are 0.
   */
  readonly transforms: Float32Array;
  /** `[count, 3]`: brightness offset as a share of the full scale, contrast factor, saturation factor. */
  readonly colours: Float32Array;
}

export interface AugmentationTableOptions {
  readonly seed: number;
  /** From {@link passOfEpoch}. */
  readonly pass: number;
  /** Records in the training split. */
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

export function changesGeometry({ horizontalFlip, shiftCrop, rotation }: Augmentation): boolean {
  return horizontalFlip || shiftCrop > 0 || rotation > 0;
}

export function changesColour({ brightness, contrast, saturation }: Augmentation): boolean {
  return brightness > 0 || contrast > 0 || saturation > 0;
}

/** The pass whose draws an epoch uses: its own, or one of `passes` that repeat and so can be cached. */
export function passOfEpoch({ passes }: Augmentation, epoch: number): number {
  return passes === 0 ? epoch : epoch % passes;
}

/**
 * Draws the augmentation of every record for one pass.
 *
 * A record's row is a function of (seed, pass, its index in the split) alone, so activations cached in file order and
 * activations recomputed in shuffled order see the same images. Each change has draws of its own: switching one on
 * leaves the others as they were.
 */
export function augmentationTable(spec: Augmentation, options: AugmentationTableOptions): AugmentationTable {
  const { seed, pass, count } = options;
  const transforms = new Float32Array(count * transformColumns);
  const colours = new Float32Array(count * colourColumns);
  const random = randomStream(seed, 'augmentation', pass);
  for (let row = 0; row < count; row++) {
    // Always the same number of draws a record, in this order: row i then starts at the same place in the stream.
    const flip = random.uniform() < 0.5 && spec.horizontalFlip;
    const shiftX = wholeShift(random.uniform(), spec.shiftCrop);
    const shiftY = wholeShift(random.uniform(), spec.shiftCrop);
    const angle = (symmetric(random.uniform(), spec.rotation) * Math.PI) / 180;
    transforms.set(transformOf({ flip, shiftX, shiftY, angle }, options), row * transformColumns);
    colours[row * colourColumns] = symmetric(random.uniform(), spec.brightness);
    colours[row * colourColumns + 1] = 1 + symmetric(random.uniform(), spec.contrast);
    colours[row * colourColumns + 2] = 1 + symmetric(random.uniform(), spec.saturation);
  }
  return { transforms, colours };
}

/** A uniform draw in [0, 1) as a whole number in [-limit, limit]. */
function wholeShift(draw: number, limit: number): number {
  return Math.floor(draw * (2 * limit + 1)) - limit;
}

function symmetric(draw: number, limit: number): number {
  return (2 * draw - 1) * limit;
}

export interface Geometry {
  readonly flip: boolean;
  /** Pixels to the right that the crop window moves, so the content moves left. */
  readonly shiftX: number;
  readonly shiftY: number;
  /** Radians, counter-clockwise as seen on the screen. */
  readonly angle: number;
}

/**
 * The coefficients that flip an image, rotate it about its centre, then crop it shifted; whole numbers without rotation,
 * so that pixels are then copied exactly.
 */
export function transformOf(
  geometry: Geometry,
  size: { readonly height: number; readonly width: number },
): number[] {
  const { flip, shiftX, shiftY, angle } = geometry;
  const centreX = (size.width - 1) / 2;
  const centreY = (size.height - 1) / 2;
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  // From output to input: undo the crop, then the rotation about the centre, then the flip.
  const rotated = [cosine, -sine, cosine * (shiftX - centreX) - sine * (shiftY - centreY) + centreX] as const;
  const below = [sine, cosine, sine * (shiftX - centreX) + cosine * (shiftY - centreY) + centreY] as const;
  const [a0, a1, a2] = flip ? [-rotated[0], -rotated[1], size.width - 1 - rotated[2]] : rotated;
  return [a0, a1, a2, ...below, 0, 0];
}
