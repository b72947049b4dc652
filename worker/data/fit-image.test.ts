import { describe, expect, it } from 'vitest';
import { fitImage } from './fit-image.ts';

const shape = (height: number, width: number, channels: number) => ({ height, width, channels });

describe('fitting an image', () => {
  it('interpolates between pixel centres, as tf.image.resize does', () => {
    // Output centres 0.25, 0.75, 1.25, 1.75 in input pixels: clamp, 3/4 + 1/4, 1/4 + 3/4, clamp.
    const wide = fitImage(Float32Array.of(0, 100), {
      from: shape(1, 2, 1),
      to: shape(1, 4, 1),
      resize: 'Bilinear',
    });
    expect([...wide]).toEqual([0, 25, 75, 100]);
  });

  it('takes the nearest pixel', () => {
    const from = shape(2, 2, 1);
    const fitted = fitImage(Uint8Array.of(1, 2, 3, 4), { from, to: shape(4, 2, 1), resize: 'Nearest' });
    expect([...fitted]).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
  });

  it('rounds 8-bit pixels', () => {
    const fitted = fitImage(Uint8Array.of(0, 3), {
      from: shape(1, 2, 1),
      to: shape(1, 4, 1),
      resize: 'Bilinear',
    });
    expect([...fitted]).toEqual([0, 1, 2, 3]); // 0.75 and 2.25
  });

  it('turns grey into equal colours and colours into luma', () => {
    const colours = fitImage(Uint8Array.of(9), {
      from: shape(1, 1, 1),
      to: shape(1, 1, 3),
      resize: 'Nearest',
    });
    expect([...colours]).toEqual([9, 9, 9]);
    const grey = fitImage(Uint8Array.of(255, 0, 0), {
      from: shape(1, 1, 3),
      to: shape(1, 1, 1),
      resize: 'Nearest',
    });
    expect([...grey]).toEqual([76]); // 0.299 * 255 = 76.2
  });
});
