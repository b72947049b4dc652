import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock, isLocked } from './lock.ts';
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts';

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

async function ownProcess(): Promise<ProcessIdentity> {
  const own = await identityOf(process.pid);
  if (own === undefined) throw new Error('this process was not seen');
  return own;
}

const namespace = await readlink('/proc/self/ns/pid');

function lockText(owner: ProcessIdentity, where: { host?: string; namespace?: string } = {}): string {
  return JSON.stringify({ host: hostname(), namespace, ...where, ...owner });
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
    await writeFile(path, lockText(await endedProcess()));
    await using _lock = await acquireLock(path);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      host: hostname(),
      namespace,
      ...(await identityOf(process.pid)),
    });
  });

  it('is not held by a later process with the same number', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    await writeFile(path, lockText({ ...(await ownProcess()), startTicks: '1' }));
    await expect(acquireLock(path)).resolves.toBeDefined();
  });

  it('is not held by the same process number before the host was started again', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    await writeFile(path, lockText({ ...(await ownProcess()), bootId: 'an earlier one' }));
    expect(await isLocked(path)).toBe(false);
    await using _lock = await acquireLock(path);
    expect(await isLocked(path)).toBe(true);
  });

  it('of another host is refused, naming the host, since nobody here knows whether its process runs', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    const text = lockText({ ...(await endedProcess()), pid: 4711, bootId: 'another' }, { host: 'node-7' });
    await writeFile(path, text);
    expect(await isLocked(path)).toBe(true);
    await expect(acquireLock(path)).rejects.toMatchObject({
      code: 'run/active-elsewhere',
      message: 'A run of this job on the host node-7 (process 4711) holds its folder.',
      where: path,
      hint: expect.stringContaining('remove the file'),
    });
    expect(await readdir(folder.path)).toEqual(['runner.lock']);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('of another container of this host is refused, since its processes have numbers of their own', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    await writeFile(path, lockText(await endedProcess(), { namespace: 'pid:[1]' }));
    expect(await isLocked(path)).toBe(true);
    await expect(acquireLock(path)).rejects.toMatchObject({ code: 'run/active-elsewhere', where: path });
  });

  it('of another container is not held once the host was started again', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    await writeFile(
      path,
      lockText({ ...(await ownProcess()), bootId: 'an earlier one' }, { namespace: 'pid:[1]' }),
    );
    expect(await isLocked(path)).toBe(false);
  });

  it('is taken over though a process that was about to do so has ended', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    for (const file of [path, `${path}.claim-0`]) await writeFile(file, lockText(await endedProcess()));
    await using _lock = await acquireLock(path);
    expect(await isLocked(path)).toBe(true);
    expect((await readdir(folder.path)).toSorted()).toEqual(['runner.lock', 'runner.lock.claim-0']);
  });

  it('is not taken over while another process, which may be on another host, does so', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    await writeFile(path, lockText(await endedProcess()));
    const claim = `${path}.claim-0`;
    await writeFile(claim, lockText(await endedProcess(), { host: 'node-7' }));
    await expect(acquireLock(path)).rejects.toMatchObject({ code: 'run/active-elsewhere', where: claim });
  });

  it('goes to exactly one of many that find it stale', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'runner.lock');
    await writeFile(path, lockText(await endedProcess()));
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
