import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock } from './lock.ts';
import { identityOf, isRunning } from './process-identity.ts';

const temporaryFolder = async () => await mkdtempDisposable(join(tmpdir(), 'blockstill-lock-'));

/** The identity of a process that has ended and was reaped. */
async function endedProcess() {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const identity = await identityOf(child.pid ?? 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  if (identity === undefined) throw new Error('the process was not seen');
  return identity;
}

describe('a lock', () => {
  it('is refused while a process that runs holds it, and free afterwards', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    {
      await using _held = await acquireLock(path);
      await expect(acquireLock(path)).rejects.toMatchObject({ code: 'run/already-active', where: path });
    }
    await using _again = await acquireLock(path);
    expect(await readdir(folder.path)).toEqual(['runner.lock']);
  });

  it('of an ended process is taken over', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    await writeFile(path, JSON.stringify(await endedProcess()));
    await using _lock = await acquireLock(path);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(await identityOf(process.pid));
  });

  it('is not held by a later process with the same number', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    await writeFile(path, JSON.stringify({ pid: process.pid, startTicks: '1' }));
    await expect(acquireLock(path)).resolves.toBeDefined();
  });

  it('goes to exactly one of many that find it stale', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    await writeFile(path, JSON.stringify(await endedProcess()));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, async () => await acquireLock(path)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('the identity of a process', () => {
  it('ends with the process', async () => {
    const own = await identityOf(process.pid);
    expect(own !== undefined && (await isRunning(own))).toBe(true);
    expect(await isRunning(await endedProcess())).toBe(false);
  });
});
