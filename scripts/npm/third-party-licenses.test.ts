import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageFolders, thirdPartyLicenses } from './third-party-licenses.ts';

test('the innermost package owns a file, scopes included', () => {
  expect(
    packageFolders([
      'cli/main.ts',
      'node_modules/a/index.js',
      'node_modules/a/node_modules/@b/c/lib/d.js',
      'node_modules/a/lib/e.js',
      '<define:process>',
    ]),
  ).toEqual(['node_modules/a', 'node_modules/a/node_modules/@b/c']);
});

async function withPackages(packages: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const root = await mkdtempDisposable(join(tmpdir(), 'blockstill-licences-'));
  for (const [name, files] of Object.entries(packages)) {
    await mkdir(join(root.path, 'node_modules', name), { recursive: true });
    for (const [file, text] of Object.entries(files)) {
      await writeFile(join(root.path, 'node_modules', name, file), text);
    }
  }
  return root;
}

test('packages with the same text share it', async () => {
  await using root = await withPackages({
    a: {
      'package.json': '{"name": "a", "version": "1.0.0", "license": "MIT"}',
      LICENSE: 'Do what you like.\n',
    },
    b: { 'package.json': '{"name": "b", "version": "2.0.0"}', 'licence.md': 'Do what you like.' },
    c: { 'package.json': '{"name": "c", "version": "3.0.0", "license": "ISC"}', 'NOTICE.txt': 'By C.' },
  });
  const text = await thirdPartyLicenses(
    root.path,
    ['a', 'b', 'c'].map((name) => `node_modules/${name}/index.js`),
  );
  expect(text).toContain('\n\na 1.0.0 (MIT)\nb 2.0.0\n\nDo what you like.\n\n');
  expect(text).toContain('\n\nc 3.0.0 (ISC)\n\nBy C.\n');
});

test('a package without any licence is not passed on', async () => {
  await using root = await withPackages({ a: { 'package.json': '{"name": "a", "version": "1.0.0"}' } });
  await expect(thirdPartyLicenses(root.path, ['node_modules/a/index.js'])).rejects.toThrow('a says nothing');
});
