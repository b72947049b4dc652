import { mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { goToolFolder, type GoTool } from './go-tool.ts';
import { setUpGoTool } from './set-up-go-tool.ts';
import { fakeProgram } from './tensorflow/fake-wheel.ts';

/** Writes down what it is asked for, and what it was asked to build into the place for that. */
const fakeGo = (calls: string) => `
[ "$1" = -C ] && shift 2
case $1 in
  version) echo 'go version go1.99.0 linux/amd64' ;;
  list) echo one ;;
  mod) echo "$*" >>'${calls}' ;;
  build)
    for last; do :; done
    echo "$* " | sed 's/ -o [^ ]*//' >>'${calls}'
    while [ "$1" != -o ]; do shift; done
    echo "$last" >"$2" ;;
esac`;

async function workshop() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-go-tool-'));
  const [module, calls] = [join(folder.path, 'module'), join(folder.path, 'calls')];
  await mkdir(module);
  await writeFile(join(module, 'go.mod'), 'module example\n\ngo 1.25\n');
  await fakeProgram(folder.path, 'go', fakeGo(calls));
  vi.stubEnv('PATH', [join(folder.path, 'bin'), process.env['PATH']].join(delimiter));
  vi.stubEnv('BLOCKSTILL_CACHE', join(folder.path, 'cache'));
  const tool: GoTool = {
    module: { folder: module, name: 'the tool', otherwise: 'do without' },
    cacheName: 'tool',
    programs: { first: 'example.com/cmd/first', second: '.' },
    title: async () => 'the tool v1.2.3',
    linkerOptions: async () => '-s',
    tags: ['small'],
    cost: { time: 'no time', build: '1 GB', result: '1 MB' },
    addTo: async (to) => await writeFile(join(to, 'more'), 'besides'),
  };
  return {
    tool,
    calls: async () =>
      (await readFile(calls, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    [Symbol.asyncDispose]: async () => await folder.remove(),
  };
}

async function setUp(tool: GoTool): Promise<string> {
  let said = '';
  const output = { write: (text: string) => void (said += text), isTerminal: false };
  await setUpGoTool(tool, { output, signal: new AbortController().signal });
  return said;
}

test('a tool is built with all its programs, and not a second time', async () => {
  await using shop = await workshop();
  expect(await setUp(shop.tool)).toBe(
    'Waiting for the build of the tool v1.2.3 from source, for the tests (no time, once a machine) ...\n' +
      'Ready: the tool v1.2.3 for the tests.\n',
  );
  const folder = await goToolFolder(shop.tool);
  expect((await readdir(folder)).toSorted()).toEqual(['first', 'more', 'second']);
  expect(await readFile(join(folder, 'first'), 'utf8')).toBe('example.com/cmd/first\n');
  const built = [
    'mod download',
    'build -v -trimpath -buildvcs=false -tags=small -ldflags -s example.com/cmd/first',
    'build -v -trimpath -buildvcs=false -tags=small -ldflags -s .',
  ];
  expect(await shop.calls()).toEqual(built);
  expect(await setUp(shop.tool)).toBe('Ready: the tool v1.2.3 for the tests.\n');
  expect(await shop.calls()).toEqual(built);
});

test('what decides a build decides its folder', async () => {
  await using shop = await workshop();
  const { tool } = shop;
  const folder = await goToolFolder(tool);
  expect(await goToolFolder({ ...tool, linkerOptions: async () => '-w' })).not.toBe(folder);
  expect(await goToolFolder({ ...tool, facts: { definitions: 1 } })).not.toBe(folder);
  expect(await goToolFolder({ ...tool, title: async () => 'another name' })).toBe(folder);
  await writeFile(join(tool.module.folder, 'main.go'), 'package main\n');
  expect(await goToolFolder(tool)).not.toBe(folder);
});

test('what could not be built leaves nothing that looks like it', async () => {
  await using shop = await workshop();
  const broken: GoTool = { ...shop.tool, addTo: () => Promise.reject(new Error('no definitions')) };
  await expect(setUp(broken)).rejects.toThrow('no definitions');
  expect(await readdir(process.env['BLOCKSTILL_CACHE'] ?? '')).toEqual([]);
});
