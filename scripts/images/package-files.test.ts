import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { packageFiles } from './package-files.ts';

type Manifest = Readonly<Record<string, unknown>>;

async function withPackages(
  packages: Readonly<Record<string, Manifest>>,
  use: (modules: string) => Promise<void>,
): Promise<void> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'packages-'));
  for (const [name, manifest] of Object.entries(packages)) {
    await put(join(folder.path, name, 'package.json'), JSON.stringify(manifest));
    await put(join(folder.path, name, 'lib/index.js'), '');
  }
  await use(folder.path);
}

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

const places = async (modules: string) =>
  (await packageFiles(['native'], { modules, target: '/app/node_modules' })).map(({ to }) => to).sort();

test('a package comes with what it depends on, each once, and without what nobody needs', async () => {
  const packages = {
    native: { dependencies: { '@scope/one': '1' }, optionalDependencies: { here: '1', elsewhere: '1' } },
    '@scope/one': { dependencies: { here: '1', native: '1' } },
    here: { devDependencies: { unneeded: '1' } },
    unneeded: {},
  };
  await withPackages(packages, async (modules) => {
    await put(join(modules, 'native/src/native.cc'), '');
    await put(join(modules, 'native/src/native/source.js'), '');
    await put(join(modules, 'native/src/native/native.js.cc'), '');
    await put(join(modules, 'native/vendor/headers/napi.h'), '');
    await put(join(modules, 'native/bin/native.js'), '');
    await put(join(modules, 'native/cnoke.cjs'), '');
    await put(join(modules, 'native/musl_x64/native.node'), '');
    await put(join(modules, 'native/linux_x64/native.node'), '');
    expect(await places(modules)).toEqual([
      '/app/node_modules/@scope/one/lib/index.js',
      '/app/node_modules/@scope/one/package.json',
      '/app/node_modules/here/lib/index.js',
      '/app/node_modules/here/package.json',
      '/app/node_modules/native/lib/index.js',
      '/app/node_modules/native/linux_x64/native.node',
      '/app/node_modules/native/package.json',
      '/app/node_modules/native/src/native/source.js',
    ]);
  });
});

test('another version that a package has for itself comes along in its own place', async () => {
  const packages = { native: { dependencies: { inner: '1' } }, 'native/node_modules/inner': {}, inner: {} };
  await withPackages(packages, async (modules) => {
    expect(await places(modules)).toContain('/app/node_modules/native/node_modules/inner/package.json');
    expect(await places(modules)).not.toContain('/app/node_modules/inner/package.json');
  });
});

test('a package that is missing is an error', async () => {
  await withPackages({ native: { dependencies: { missing: '1' } } }, async (modules) => {
    await expect(places(modules)).rejects.toThrow('needs missing, which is not installed');
  });
});
