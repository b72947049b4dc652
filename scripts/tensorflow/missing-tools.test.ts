import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { fakeProgram } from './fake-wheel.ts';
import { requireTools } from './missing-tools.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

async function machineWith(programs: Readonly<Record<string, string>>) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-tools-'));
  for (const [name, script] of Object.entries(programs)) await fakeProgram(folder.path, name, script);
  return { path: join(folder.path, 'bin'), [Symbol.asyncDispose]: async () => await folder.remove() };
}

const pythonWithoutPip = '[ "$1" = --version ]';

test('a bare machine is told all that is missing at once', async () => {
  await using machine = await machineWith({});
  vi.stubEnv('PATH', machine.path);
  await expect(requireTools({ download: true, compile: true })).rejects.toMatchObject({
    code: 'setup/missing-tools',
    message: 'This machine has no python3 and g++.',
  });
});

test('a Python without pip is told to get pip only', async () => {
  await using machine = await machineWith({ python3: pythonWithoutPip, 'g++': 'exit 0' });
  vi.stubEnv('PATH', machine.path);
  await expect(requireTools({ download: true, compile: true })).rejects.toMatchObject({
    message: 'This machine has no pip for python3.',
    hint: expect.stringContaining('apt-get install python3-pip') as unknown,
  });
});

test('nothing is asked for that is not needed', async () => {
  await using machine = await machineWith({ 'g++': 'exit 0' });
  vi.stubEnv('PATH', machine.path);
  await expect(requireTools({ download: false, compile: true })).resolves.toBeUndefined();
});
