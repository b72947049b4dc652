import { describe, expect, it } from 'vitest';
import { augmentationTable, passOfEpoch, transformOf } from './augmentation.ts';
import type { Augmentation } from './dataset-spec.ts';

const none: Augmentation = {
  horizontalFlip: false,
  shiftCrop: 0,
  rotation: 0,
  brightness: 0,
  contrast: 0,
  saturation: 0,
  passes: 0,
};
const all: Augmentation = {
  horizontalFlip: true,
  shiftCrop: 4,
  rotation: 15,
  brightness: 0.2,
  contrast: 0.3,
  saturation: 0.4,
  passes: 2,
};
const size = { height: 6, width: 8 };

/** Rounded, so that -0 and the last bits of a cosine do not matter. */
function rounded(values: Iterable<number>): number[] {
  return Array.from(values, (value) => Math.round(value * 1e6) / 1e6 + 0);
}

describe('the augmentation table', () => {
  it('changes nothing when everything is switched off', () => {
    const { transforms, colours } = augmentationTable(none, { seed: 1, pass: 0, count: 2, ...size });
    expect(rounded(transforms)).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    expect(rounded(colours)).toEqual([0, 1, 1, 0, 1, 1]);
  });

  it('gives a record the same row however many records there are', () => {
    const few = augmentationTable(all, { seed: 1, pass: 3, count: 5, ...size });
    const many = augmentationTable(all, { seed: 1, pass: 3, count: 50, ...size });
    expect(many.transforms.subarray(0, 40)).toEqual(few.transforms);
    expect(many.colours.subarray(0, 15)).toEqual(few.colours);
  });

  it('differs between passes and between seeds', () => {
    const first = augmentationTable(all, { seed: 1, pass: 0, count: 5, ...size });
    expect(augmentationTable(all, { seed: 1, pass: 1, count: 5, ...size })).not.toEqual(first);
    expect(augmentationTable(all, { seed: 2, pass: 0, count: 5, ...size })).not.toEqual(first);
  });

  it('draws each change apart, so that colour leaves the geometry as it was', () => {
    const options = { seed: 1, pass: 0, count: 20, ...size };
    const plain = augmentationTable({ ...all, brightness: 0, contrast: 0, saturation: 0 }, options);
    expect(plain.transforms).toEqual(augmentationTable(all, options).transforms);
  });

  it('flips about half of the records and shifts by whole pixels within the limit', () => {
    const options = { seed: 5, pass: 0, count: 1000, ...size };
    const { transforms } = augmentationTable({ ...none, horizontalFlip: true, shiftCrop: 2 }, options);
    const rows = Array.from({ length: 1000 }, (_, row) => [...transforms.subarray(row * 8, row * 8 + 8)]);
    const flipped = rows.filter(([a0]) => a0 === -1).length;
    expect(flipped).toBeGreaterThan(430); // 500 less 4.4 standard errors
    expect(flipped).toBeLessThan(570);
    expect(new Set(rows.map((row) => row[5]))).toEqual(new Set([-2, -1, 0, 1, 2]));
  });

  it('keeps colours within their limits', () => {
    const { colours } = augmentationTable(all, { seed: 5, pass: 0, count: 500, ...size });
    for (let row = 0; row < 500; row++) {
      expect(Math.abs(colours[row * 3] ?? NaN)).toBeLessThanOrEqual(0.2 + 1e-6);
      expect(Math.abs((colours[row * 3 + 1] ?? NaN) - 1)).toBeLessThanOrEqual(0.3 + 1e-6);
      expect(Math.abs((colours[row * 3 + 2] ?? NaN) - 1)).toBeLessThanOrEqual(0.4 + 1e-6);
    }
  });
});

describe('the transform of an image', () => {
  it('mirrors column x to width - 1 - x', () => {
    expect(rounded(transformOf({ flip: true, shiftX: 0, shiftY: 0, angle: 0 }, size))).toEqual([
      -1, 0, 7, 0, 1, 0, 0, 0,
    ]);
  });

  it('reads a shifted crop from x + shiftX, y + shiftY', () => {
    expect(rounded(transformOf({ flip: false, shiftX: 2, shiftY: -1, angle: 0 }, size))).toEqual([
      1, 0, 2, 0, 1, -1, 0, 0,
    ]);
  });

  it('turns about the centre: after a quarter turn the right side comes from below', () => {
    // 5 x 5, centre (2, 2): output (4, 2) comes from input (2, 4).
    const [a0 = 0, a1 = 0, a2 = 0, b0 = 0, b1 = 0, b2 = 0] = transformOf(
      { flip: false, shiftX: 0, shiftY: 0, angle: Math.PI / 2 },
      { height: 5, width: 5 },
    );
    expect(rounded([a0 * 4 + a1 * 2 + a2, b0 * 4 + b1 * 2 + b2])).toEqual([2, 4]);
  });
});

describe('the pass of an epoch', () => {
  it('is the epoch itself when every epoch is fresh, else repeats', () => {
    expect([0, 1, 5].map((epoch) => passOfEpoch({ ...all, passes: 0 }, epoch))).toEqual([0, 1, 5]);
    expect([0, 1, 2, 5].map((epoch) => passOfEpoch({ ...all, passes: 2 }, epoch))).toEqual([0, 1, 0, 1]);
  });
});
