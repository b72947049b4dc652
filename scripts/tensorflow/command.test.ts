import { existsSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { runCommand } from './command.ts';

test('an aborted program has ended, with what it started, when the caller hears of it', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-command-'));
  const [started, ended] = [join(folder.path, 'started'), join(folder.path, 'ended')];
  // The shell dies of the signal; what it has started goes on until it is done.
  const script = `(trap '' TERM; : > '${started}'; sleep 0.3; : > '${ended}') & wait`;
  const abort = new AbortController();
  const running = runCommand('sh', ['-c', script], { signal: abort.signal });
  const failure = running.catch((error: unknown) => error);
  await vi.waitFor(() => expect(existsSync(started)).toBe(true), { timeout: 20_000 });
  abort.abort();
  expect(await failure).toMatchObject({ name: 'AbortError' });
  expect(existsSync(ended)).toBe(true);
});

test('nothing is started after an abort', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-command-'));
  const started = join(folder.path, 'started');
  const running = runCommand('sh', ['-c', `: > '${started}'`], { signal: AbortSignal.abort() });
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  expect(existsSync(started)).toBe(false);
});

test('a program that is not there is told apart from one that fails', async () => {
  expect(await runCommand('blockstill-is-not-there', [])).toMatchObject({ code: undefined, missing: true });
  expect(await runCommand('sh', ['-c', 'echo no >&2; exit 3'])).toMatchObject({
    code: 3,
    missing: false,
    stderr: 'no\n',
  });
});
