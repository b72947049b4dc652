import { describe, expect, it } from 'vitest';
import { Graph } from '../graph/graph.ts';
import { openSession } from '../graph/session.ts';
import type { Values } from '../graph/session.ts';
import { augmentationTable, transformOf } from './augmentation.ts';
import type { Geometry } from './augmentation.ts';
import type { Augmentation, Preprocessing } from './dataset-spec.ts';
import { emitPreprocessing } from './preprocess-graph.ts';

const asStored: Preprocessing = { channelOrder: 'RGB', rescale: 1, mean: [], std: [] };
const none: Augmentation = {
  horizontalFlip: false,
  shiftCrop: 0,
  rotation: 0,
  brightness: 0,
  contrast: 0,
  saturation: 0,
  passes: 0,
};
const everything: Augmentation = {
  horizontalFlip: true,
  shiftCrop: 2,
  rotation: 10,
  brightness: 0.1,
  contrast: 0.1,
  saturation: 0.1,
  passes: 0,
};

interface Case {
  readonly shape: readonly [number, number, number, number];
  readonly raw: Uint8Array | Float32Array;
  readonly preprocessing?: Preprocessing;
  readonly augmentation?: Augmentation;
  readonly transforms?: readonly number[] | Float32Array;
  readonly colours?: readonly number[] | Float32Array;
}

/** Runs the graph on TensorFlow. The values are fed through variables, as training does. */
function preprocess({ shape, raw, preprocessing = asStored, augmentation = none, ...rows }: Case): number[] {
  const graph = new Graph();
  const image = graph.variable('raw', shape, raw instanceof Float32Array ? 'float32' : 'uint8');
  const transforms = graph.variable('transforms', [shape[0], 8]);
  const colours = graph.variable('colours', [shape[0], 3]);
  const augmented = rows.transforms !== undefined || rows.colours !== undefined;
  const result = emitPreprocessing(
    graph.read(image),
    preprocessing,
    augmented
      ? { spec: augmentation, transforms: graph.read(transforms), colours: graph.read(colours) }
      : undefined,
  );
  graph.endpoint('preprocess', { fetch: { result } });
  using session = openSession(graph, { device: 'CPU' });
  const values = new Map<string, Values>([
    ['raw', raw],
    ['transforms', Float32Array.from(rows.transforms ?? repeat(shape[0], [1, 0, 0, 0, 1, 0, 0, 0]))],
    ['colours', Float32Array.from(rows.colours ?? repeat(shape[0], [0, 1, 1]))],
  ]);
  session.set(values);
  return [...(session.run('preprocess')['result'] ?? [])];
}

function repeat(times: number, values: readonly number[]): number[] {
  return Array.from({ length: times }, () => values).flat();
}

const still: Geometry = { flip: false, shiftX: 0, shiftY: 0, angle: 0 };
const grid = Uint8Array.of(1, 2, 3, 4, 5, 6);
const gridShape = [1, 2, 3, 1] as const;
const gridSize = { height: 2, width: 3 };

describe('preprocessing', () => {
  it('scales, subtracts the mean and divides by the deviation of each channel', () => {
    const preprocessing: Preprocessing = {
      channelOrder: 'RGB',
      rescale: 0.5,
      mean: [1, 2, 3],
      std: [1, 2, 4],
    };
    expect(preprocess({ shape: [1, 1, 1, 3], raw: Uint8Array.of(10, 20, 30), preprocessing })).toEqual([
      4, 4, 3,
    ]);
  });

  it('reverses the channels last, so that mean and deviation are in RGB order', () => {
    const preprocessing: Preprocessing = { channelOrder: 'BGR', rescale: 1, mean: [1, 2, 3], std: [] };
    expect(preprocess({ shape: [1, 1, 1, 3], raw: Uint8Array.of(10, 20, 30), preprocessing })).toEqual([
      27, 18, 9,
    ]);
  });

  it('takes one mean for all channels', () => {
    const preprocessing: Preprocessing = { ...asStored, mean: [5] };
    expect(preprocess({ shape: [1, 1, 1, 3], raw: Float32Array.of(5, 6, 7), preprocessing })).toEqual([
      0, 1, 2,
    ]);
  });

  it.each([
    [{ ...asStored, mean: [1, 2] }, /mean$/],
    [{ ...asStored, std: [0] }, /std$/],
    [{ ...asStored, channelOrder: 'BGR' as const }, /channelOrder$/],
  ])('refuses %o for one channel', (preprocessing, where) => {
    expect(() => preprocess({ shape: gridShape, raw: grid, preprocessing })).toThrow(
      expect.objectContaining({ code: 'data/preprocessing', where: expect.stringMatching(where) }),
    );
  });
});

describe('geometric augmentation', () => {
  const moving = { ...none, horizontalFlip: true, shiftCrop: 2 };
  const moved = (geometry: Partial<Geometry>): number[] =>
    preprocess({
      shape: gridShape,
      raw: grid,
      augmentation: moving,
      transforms: transformOf({ ...still, ...geometry }, gridSize),
    });

  it('that changes nothing gives identical pixels, with every change switched on too', () => {
    expect(moved({})).toEqual([...grid]);
    const raw = Float32Array.from({ length: 4 * 5 * 5 * 3 }, (_, index) => Math.fround(Math.sin(index) / 3));
    const shape = [4, 5, 5, 3] as const;
    const identity = preprocess({
      shape,
      raw,
      augmentation: everything,
      transforms: repeat(4, [1, 0, 0, 0, 1, 0, 0, 0]),
    });
    expect(identity).toEqual([...raw]);
  });

  it('flips columns', () => {
    expect(moved({ flip: true })).toEqual([3, 2, 1, 6, 5, 4]);
  });

  it('shifts the crop and fills with zeros', () => {
    expect(moved({ shiftX: 1 })).toEqual([2, 3, 0, 5, 6, 0]);
    expect(moved({ shiftX: -2 })).toEqual([0, 0, 1, 0, 0, 4]);
    expect(moved({ shiftY: 1 })).toEqual([4, 5, 6, 0, 0, 0]);
  });

  it('crops the flipped image', () => {
    expect(moved({ flip: true, shiftX: 1 })).toEqual([2, 1, 0, 5, 4, 0]);
  });

  it('rotates counter-clockwise about the centre', () => {
    const turned = preprocess({
      shape: [1, 3, 3, 1],
      raw: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9),
      augmentation: { ...none, rotation: 90 },
      transforms: transformOf({ ...still, angle: Math.PI / 2 }, { height: 3, width: 3 }),
    });
    expect(turned.map((value) => Math.round(value * 1e4) / 1e4)).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
  });
});

describe('colour augmentation', () => {
  const pixel = Uint8Array.of(100, 200, 50);
  const shape = [1, 1, 1, 3] as const;

  it('adds brightness as a share of the full scale and keeps 8-bit records within it', () => {
    const augmentation = { ...none, brightness: 0.4 };
    expect(preprocess({ shape, raw: pixel, augmentation, colours: [0.4, 1, 1] })).toEqual([202, 255, 152]);
    expect(
      preprocess({ shape, raw: Float32Array.of(0, 0.5, 1), augmentation, colours: [0.25, 1, 1] }),
    ).toEqual([0.25, 0.75, 1.25]);
  });

  it('scales contrast about the mean of each channel', () => {
    const augmentation = { ...none, contrast: 0.5 };
    // Mean 20, differences -10, 0, 10, halved.
    const found = preprocess({
      shape: [1, 1, 3, 1],
      raw: Uint8Array.of(10, 20, 30),
      augmentation,
      colours: [0, 0.5, 1],
    });
    expect(found).toEqual([15, 20, 25]);
  });

  it('scales saturation about the luma', () => {
    const augmentation = { ...none, saturation: 1 };
    const luma = 0.299 * 100 + 0.587 * 200 + 0.114 * 50; // 153
    const found = preprocess({ shape, raw: pixel, augmentation, colours: [0, 1, 0] });
    for (const value of found) expect(value).toBeCloseTo(luma, 3);
  });

  it('leaves grey images as saturated as they are', () => {
    const augmentation = { ...none, saturation: 1 };
    expect(preprocess({ shape: gridShape, raw: grid, augmentation, colours: [0, 1, 0] })).toEqual([...grid]);
  });
});

describe('an augmented image', () => {
  it.each([
    [8, 7, 9, 3],
    [6, 12, 12, 1],
  ] as const)(
    'has the same bits at every place in a batch of [%i, %i, %i, %i]',
    (batch, height, width, channels) => {
      const size = height * width * channels;
      const raw = Uint8Array.from({ length: batch * size }, (_, index) => (index * index * 7 + index) % 251);
      const table = augmentationTable(everything, { seed: 1, pass: 0, count: batch, height, width });
      const run = (order: readonly number[]): number[][] => {
        const rows = (values: Uint8Array | Float32Array, columns: number): number[] =>
          order.flatMap((row) => [...values.subarray(row * columns, (row + 1) * columns)]);
        const flat = preprocess({
          shape: [batch, height, width, channels],
          raw: Uint8Array.from(rows(raw, size)),
          augmentation: everything,
          transforms: rows(table.transforms, 8),
          colours: rows(table.colours, 3),
        });
        return order.map((_, place) => flat.slice(place * size, (place + 1) * size));
      };
      const inOrder = run(Array.from({ length: batch }, (_, row) => row));
      const shuffle = Array.from({ length: batch }, (_, row) => (row * 5 + 3) % batch);
      run(shuffle).forEach((image, place) => expect(image).toEqual(inOrder[shuffle[place] ?? -1]));
    },
  );
});
