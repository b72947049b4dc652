/** Lays out the chart of a release: the chart of this checkout, with the images of the release pinned in it. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidInputError } from '../common/error.ts';
import { releasesIn } from './release/changelog.ts';
import { annotatedChart, pinnedValues } from './release/chart-release.ts';

const usage =
  'Usage: node scripts/release-chart.ts --out FOLDER --images ghcr.io/OWNER --digests FOLDER --repository OWNER/NAME';

const root = dirname(import.meta.dirname);

interface Settings {
  readonly out: string;
  readonly images: string;
  /** A folder with a file for each image: `operator`, `worker-cpu`, `worker-cuda`. */
  readonly digests: string;
  readonly repository: string;
}

function readSettings(): Settings {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { out: text, images: text, digests: text, repository: text } });
  const { out, images, digests, repository } = values;
  if (out === undefined || images === undefined || digests === undefined || repository === undefined) {
    throw new InvalidInputError('setup/usage', usage);
  }
  return { out, images, digests, repository };
}

async function readDigests(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder);
  const read = async (name: string): Promise<readonly [string, string]> => [
    name,
    (await readFile(join(folder, name), 'utf8')).trim(),
  ];
  return Object.fromEntries(await Promise.all(names.map(read)));
}

async function main({ out, images, digests, repository }: Settings): Promise<void> {
  await rm(out, { recursive: true, force: true });
  await cp(join(root, 'helm', 'blockstill'), out, { recursive: true });
  const edit = async (name: string, change: (text: string) => string): Promise<void> => {
    const path = join(out, name);
    await writeFile(path, change(await readFile(path, 'utf8')));
  };
  const [unreleased, newest] = releasesIn(await readFile(join(root, 'CHANGELOG.md'), 'utf8'));
  const notes = (newest ?? unreleased)?.text ?? '';
  const release = { images, repository, notes, digests: await readDigests(digests) };
  await edit('values.yaml', (text) => pinnedValues(text, release));
  await edit('Chart.yaml', (text) => annotatedChart(text, release));
}

await main(readSettings());
