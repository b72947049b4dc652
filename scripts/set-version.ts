/** Sets the version of package, chart and images at once, or checks that they have the same. */
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomically } from '../common/files.ts';
import { withRelease } from './release/changelog.ts';
import {
  isVersion,
  versionedFiles,
  versionProblems,
  withVersion,
  type VersionedFiles,
} from './release/versions.ts';

const usage = `Usage: node scripts/set-version.ts VERSION         a release of today, with what is unreleased in CHANGELOG.md
       node scripts/set-version.ts --check [--tag vVERSION]`;

const root = dirname(import.meta.dirname);

async function readFiles(): Promise<VersionedFiles> {
  const files: Record<string, string> = {};
  for await (const name of glob(versionedFiles, { cwd: root })) {
    files[name] = await readFile(join(root, name), 'utf8');
  }
  return files;
}

async function setVersion(version: string): Promise<void> {
  const before = await readFiles();
  const files = withVersion(before, version);
  const date = new Date().toISOString().slice(0, 10);
  const all = { ...files, 'CHANGELOG.md': withRelease(files['CHANGELOG.md'] ?? '', version, date) };
  for (const [name, text] of Object.entries(all)) {
    if (text !== before[name]) await writeFileAtomically(join(root, name), text);
  }
  console.log(
    `Package, chart and images are ${version}. Next: commit this, then git tag --sign v${version}.`,
  );
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { check: { type: 'boolean' }, tag: { type: 'string' } },
  });
  const [version] = positionals;
  if (values.check) {
    const problems = versionProblems(await readFiles(), values.tag);
    for (const problem of problems) console.error(problem);
    return problems.length === 0 ? 0 : 1;
  }
  if (version === undefined || !isVersion(version)) {
    console.error(usage);
    return 2;
  }
  await setVersion(version);
  return 0;
}

process.exitCode = await main();
