/**
 * Writes cluster.yaml: job.yaml, and a ConfigMap with the teacher and the data that `helm test` uses too. With `--check` it
 * says whether that is stale.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const own = import.meta.dirname;
const files = join(own, '..', '..', 'helm', 'blockstill', 'files', 'test');
const manifest = join(own, 'cluster.yaml');

async function manifestText(): Promise<string> {
  const job = await readFile(join(own, 'job.yaml'), 'utf8');
  const lines: string[] = [];
  for (const name of (await readdir(files)).toSorted()) {
    lines.push(`  ${name}: ${(await readFile(join(files, name))).toString('base64')}`);
  }
  const head = '# Made by make-manifest.ts out of job.yaml.\n';
  return `${head}${job}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: digits\nbinaryData:\n${lines.join('\n')}\n`;
}

const text = await manifestText();
if (!process.argv.includes('--check')) {
  await writeFile(manifest, text);
} else if (text !== (await readFile(manifest, 'utf8').catch(() => ''))) {
  console.error('examples/digits/cluster.yaml is stale. Run: node examples/digits/make-manifest.ts');
  process.exitCode = 1;
}
