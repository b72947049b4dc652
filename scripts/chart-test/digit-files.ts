import { idxFiles, type LabelledImages } from '../../examples/labelled-images.ts';
import { digitImages } from './digit-images.ts';

const counts = { train: 500, validation: 200, test: 200 } as const;

export type Split = keyof typeof counts;

/** What the teacher is trained on, and what the test of the chart distills and judges it with. */
export function digits(split: Split): LabelledImages {
  return digitImages(split, counts[split]);
}

/** The data of the test of the chart, by the names of the files. */
export function digitFiles(): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const split of Object.keys(counts) as Split[]) {
    const { images, labels } = idxFiles(digits(split));
    files.set(`${split}-images.idx`, images);
    files.set(`${split}-labels.idx`, labels);
  }
  return files;
}
