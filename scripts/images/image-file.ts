import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file of an image: where it lies on this machine, and where in the image. */
export interface ImageFile {
  readonly from: string;
  /** Absolute. */
  readonly to: string;
}

/** Lays files out in a folder as they lie in an image. Links become the files that they lead to. */
export async function layOut(files: readonly ImageFile[], folder: string): Promise<void> {
  for (const { from, to } of files) {
    const target = join(folder, to);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(from, target);
  }
}
