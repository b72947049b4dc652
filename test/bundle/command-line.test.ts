import { copyFile, mkdir, mkdtempDisposable } from 'node:fs/promises';
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
  const [programs, image] = [join(folder.path, 'programs'), join(folder.path, 'image')];
  await bundle(programs);
  const files = await operatorFiles(programs);
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
