import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetSpec } from './dataset-spec.ts';
import { npy, temporaryFolder, zip } from './sample-files.ts';

/** A small data set for tests. */

/** What the teacher of these tests takes. */
export const expected = { height: 1, width: 2, channels: 1, classes: 2 };
/** Records of the training arrays. */
export const count = 20;
/** Image i is the pixels i and 100 + i; its class is i mod 2. */
const pixels = Uint8Array.from({ length: count * 2 }, (_, at) => (at % 2) * 100 + (at >> 1));
export const labels = Uint8Array.from({ length: count }, (_, row) => row % 2);
export const arrays = {
  'x_train.npy': npy('|u1', [count, 1, 2], pixels),
  'y_train.npy': npy('|u1', [count], labels),
  'x_test.npy': npy('|u1', [2, 1, 2], Uint8Array.of(7, 8, 9, 10)),
  'y_test.npy': npy('|u1', [2], Uint8Array.of(1, 0)),
};

/** A spec that changes nothing. */
export function specFor(path: string, more: Partial<DatasetSpec> = {}): DatasetSpec {
  return {
    format: 'NPZ',
    train: { path },
    preprocessing: { channelOrder: 'RGB', rescale: 1, mean: [], std: [] },
    augmentation: {
      horizontalFlip: false,
      shiftCrop: 0,
      rotation: 0,
      brightness: 0,
      contrast: 0,
      saturation: 0,
      passes: 0,
    },
    ...more,
  };
}

export interface Workplace extends AsyncDisposable {
  readonly path: string;
  readonly archive: string;
  readonly folder: string;
}

/** A temporary folder with an archive of arrays. */
export async function workplace(members: Readonly<Record<string, Uint8Array>> = arrays): Promise<Workplace> {
  const temporary = await temporaryFolder();
  const archive = join(temporary.path, 'data.npz');
  await writeFile(archive, zip(members, { deflate: true }));
  return {
    path: temporary.path,
    archive,
    folder: join(temporary.path, 'materialised'),
    [Symbol.asyncDispose]: async () => await temporary[Symbol.asyncDispose](),
  };
}
