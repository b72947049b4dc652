/**
 * Makes what `helm test` distills: a teacher and its data. The data are written again with the same bytes; `--check` says
 * whether they are. A teacher that is there is kept, since other machines train other bits; `--train` trains it anew.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { accuracyOf } from '../examples/train-classifier.ts';
import { saveNetwork } from '../worker/models/save.ts';
import { digitFiles, digits } from './chart-test/digit-files.ts';
import { trainDigitTeacher } from './chart-test/train-teacher.ts';

/** The folder in the chart. */
export const chartTestFolder = join(dirname(import.meta.dirname), 'helm', 'blockstill', 'files', 'test');

export async function staleDigitFiles(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [name, content] of digitFiles()) {
    const found = await readFile(join(chartTestFolder, name)).catch(() => undefined);
    if (found?.equals(content) !== true) stale.push(name);
  }
  return stale;
}

async function main(options: readonly string[]): Promise<void> {
  if (options.includes('--check')) {
    const stale = await staleDigitFiles();
    if (stale.length === 0) return;
    console.error(`Stale in ${chartTestFolder}: ${stale.join(', ')}. Run: node scripts/make-chart-test.ts`);
    process.exitCode = 1;
    return;
  }
  await mkdir(chartTestFolder, { recursive: true });
  for (const [name, content] of digitFiles()) await writeFile(join(chartTestFolder, name), content);
  if (!options.includes('--train')) return;
  const teacher = await trainDigitTeacher(digits('train'));
  const accuracy = accuracyOf(teacher, digits('test'));
  console.log(`The teacher names ${(100 * accuracy).toFixed(1)} % of the test images.`);
  await saveNetwork(teacher, chartTestFolder);
}

if (import.meta.main) await main(process.argv.slice(2));
