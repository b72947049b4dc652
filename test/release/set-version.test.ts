import { cp, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand, type CommandResult } from '../../scripts/tensorflow/command.ts';

const root = dirname(dirname(import.meta.dirname));
/** Where a version would be told to users. Others are of other things, or of the past. */
const told = ['README.md', 'package.json', 'docs', 'helm', 'images', 'examples'];
const ofThePast = 'docs/upgrading.md';

async function copyOfSources(): Promise<{ path: string } & AsyncDisposable> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-version-'));
  for (const name of [...told, 'package-lock.json', 'CHANGELOG.md', 'common', 'scripts']) {
    await cp(join(root, name), join(folder.path, name), { recursive: true });
  }
  return folder;
}

async function setVersion(folder: string, ...parameters: readonly string[]): Promise<CommandResult> {
  return await runCommand('node', ['scripts/set-version.ts', ...parameters], { folder });
}

test('a new version is in every file that named the old one, and a stale one is found', async () => {
  await using folder = await copyOfSources();
  const { version } = JSON.parse(await readFile(join(folder.path, 'package.json'), 'utf8')) as {
    version: string;
  };
  // One that nothing else has by chance.
  expect(await setVersion(folder.path, '97.98.99-rc.1')).toMatchObject({ code: 0, stderr: '' });
  const left = await runCommand('grep', ['-rlwF', version, ...told], { folder: folder.path });
  expect(left.stdout.split('\n').filter((file) => !['', ofThePast].includes(file))).toEqual([]);
  const named = await runCommand('grep', ['-rlF', '97.98.99-rc.1', ...told], { folder: folder.path });
  expect(named.stdout.split('\n')).toEqual(
    expect.arrayContaining([
      'helm/blockstill/Chart.yaml',
      'helm/examples/kustomize/kustomization.yaml',
      'helm/manifests/operator.yaml',
      'helm/manifests/rbac.yaml',
    ]),
  );
  expect(await setVersion(folder.path, '--check')).toMatchObject({ code: 0, stderr: '' });

  const manifest = join(folder.path, 'helm/manifests/service.yaml');
  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace('97.98.99-rc.1', version));
  expect(await setVersion(folder.path, '--check')).toMatchObject({
    code: 1,
    stderr: `helm/manifests/service.yaml: the label app.kubernetes.io/version is ${version}, not 97.98.99-rc.1.\n`,
  });
});
