import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeProgram } from '../tensorflow/fake-wheel.ts';
import { findGo } from './go.ts';
import { kubernetes } from './kubernetes.ts';

async function goThat(script: string) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-go-'));
  await fakeProgram(folder.path, 'go', script);
  return { path: join(folder.path, 'bin', 'go'), [Symbol.asyncDispose]: async () => await folder.remove() };
}

test('a machine without Go is told which one to install', async () => {
  await expect(findGo(kubernetes, ['/no/such/go'])).rejects.toMatchObject({
    code: 'setup/missing-tools',
    message: "This machine has no Go, so Kubernetes can't be built for the tests.",
    hint: expect.stringContaining('Install Go 1.25 or newer') as unknown,
  });
});

test('a Go that can neither serve the module nor fetch one that does is too old', async () => {
  await using go = await goThat('[ "$1" != -C ] && echo "go version go1.19.8 linux/amd64"');
  await expect(findGo(kubernetes, [go.path])).rejects.toThrow(
    'The Go of this machine is too old (go version go1.19.8 linux/amd64)',
  );
});

test('the first Go that is new enough is taken', async () => {
  await using old = await goThat('echo "go version go1.24.9 linux/amd64"');
  await using recent = await goThat('echo "go version go2.0.0 linux/amd64"');
  await expect(findGo(kubernetes, ['/no/such/go', old.path, recent.path])).resolves.toBe(recent.path);
});
