import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What only an unfinished job needs, or what prepare makes again: materialised data, downloads, caches, checkpoints. */
const perishable = [/^data$/, /^downloads$/, /^scratch$/, /^checkpoint\.safetensors$/];

/**
 * Frees the space that a finished job needs no more. Plan, profile, results and the student stay: they say what was done,
 * and that nothing is left to do. The blocks stay, too: they are small, and whoever edits how the student is stitched,
 * tuned or judged must not train them again. May be broken off and done again.
 */
export async function clearExchange(exchange: string): Promise<void> {
  for (const unit of await foldersOf(exchange)) {
    for (const attempt of await foldersOf(unit)) {
      for (const name of await readdir(attempt)) {
        if (perishable.some((pattern) => pattern.test(name)))
          await rm(join(attempt, name), { recursive: true, force: true });
      }
    }
  }
}

async function foldersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}
