/** `node scripts/release-notes.ts VERSION`: prints what CHANGELOG.md says of a release. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { releasesIn } from './release/changelog.ts';

const [, , version] = process.argv;
const changelog = await readFile(join(dirname(import.meta.dirname), 'CHANGELOG.md'), 'utf8');
const section = releasesIn(changelog).find((release) => release.version === version);
if (section === undefined || section.text === '') {
  console.error(`CHANGELOG.md says nothing of ${version ?? 'the version, which is missing here'}.`);
  process.exitCode = 1;
} else process.stdout.write(`${section.text}\n`);
