import { copyFile, mkdir, mkdtempDisposable, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { bundle } from '../../scripts/bundle.ts';
import { layOutOperator, operatorFiles } from '../../scripts/lay-out-operator.ts';
import { runCommand } from '../../scripts/tensorflow/command.ts';

test('the bundled command line alone starts without any package, and says that it has no worker', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'bundle-'));
  const [programs, alone] = [join(folder.path, 'programs'), join(folder.path, 'alone')];
  await bundle(programs);
  await mkdir(alone);
  await copyFile(join(programs, 'blockstill.mjs'), join(alone, 'blockstill.mjs'));
  const run = async (...words: readonly string[]) =>
    await runCommand(process.execPath, [join(alone, 'blockstill.mjs'), ...words]);
  expect(await run('--version')).toMatchObject({ code: 0, stdout: `${packageFile.version}\n` });
  for (const command of ['run', 'validate']) {
    const { code, stderr } = await run(command, 'job.yaml');
    expect({ command, code }).toEqual({ command, code: 1 });
    expect(stderr).toMatch(/^error: Here is no worker[^]*\(setup\/no-worker\)/);
  }
  // As in a pod of a service account, but for its files.
  const { stderr } = await run('status', 'mnist', '--kubeconfig', '/nowhere');
  expect(stderr).toContain('(cluster/');
});

test("the operator's image has the programs, and every library that its Node needs", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'image-'));
  const image = join(folder.path, 'image');
  const files = await operatorFiles(await bundle(join(folder.path, 'programs')));
  await layOutOperator(files, image);
  const libraries = files.filter(({ to }) => /\.so(\.\d+)*$/.test(to)).map(({ to }) => join(image, to));
  const loader = libraries.find((path) => path.includes('/ld-linux')) ?? '';
  const node = join(image, 'usr/local/bin/node');
  // The loader of the image lists where it found each; what it found elsewhere would be missing in a container.
  const folders = [...new Set(libraries.map((path) => join(path, '..')))].join(':');
  const { stdout } = await runCommand(loader, ['--library-path', folders, '--list', node]);
  const found = stdout.split('\n').filter((line) => line.includes('=> /'));
  expect(found.length).toBeGreaterThan(3);
  for (const line of found) expect(line).toContain(`=> ${image}/`);
  for (const program of ['operator.mjs', 'blockstill.mjs']) {
    const words = ['--library-path', folders, node, join(image, 'app', program), '--help'];
    expect(await runCommand(loader, words), program).toMatchObject({ code: 0 });
  }
});

test("the operator's image says which packages of Debian and of npm it is made of, and by which licences", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'image-'));
  const image = join(folder.path, 'image');
  const files = await operatorFiles(await bundle(join(folder.path, 'programs')));
  await layOutOperator(files, image);
  const licenses = await readFile(join(image, 'licenses/THIRD-PARTY-LICENSES.txt'), 'utf8');
  expect(licenses).toMatch(/^@kubernetes\/client-node \d.*\(Apache-2\.0\)$/m);
  expect(licenses).toMatch(/^commander \d.*\(MIT\)$/m);
  // Of the worker's alone.
  expect(licenses).not.toMatch(/^(?:sharp|koffi|@tensorflow\/\S+) \d/m);
  expect(await readFile(join(image, 'licenses/node.txt'), 'utf8')).toContain('Node.js is licensed');
  expect(await readFile(join(image, 'licenses/LICENSE'), 'utf8')).toContain('Apache License');

  // On a machine with dpkg: what a scanner reads, for the C and C++ libraries and the authorities.
  const { missing, stdout } = await runCommand('dpkg-query', ['--show', 'libc6']);
  if (missing) return;
  const status = join(image, 'var/lib/dpkg/status.d');
  expect(await readdir(status)).toEqual(expect.arrayContaining(['libc6', 'libgcc-s1', 'libstdc++6']));
  const libc = await readFile(join(status, 'libc6'), 'utf8');
  expect(libc).toMatch(/^Package: libc6$/m);
  expect(libc).toMatch(/^Source: glibc$/m);
  expect(libc).toContain(`\nVersion: ${stdout.trim().split(/\s+/)[1]}\n`);
  expect(await readFile(join(image, 'etc/os-release'), 'utf8')).toMatch(/^ID=/m);
});
