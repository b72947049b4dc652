import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { BlockstillError } from '../../common/error.ts';
import { identityOf, isRunning, processIdentitySchema } from './process-identity.ts';

/** Folders are shared between machines and containers, processes are not: of one elsewhere nothing can be known here. */
const ownerSchema = processIdentitySchema.extend({
  host: z.string(),
  /** Containers of one host may have its name, and number their processes for themselves (pid_namespaces(7)). */
  namespace: z.string(),
});
type Owner = z.infer<typeof ownerSchema>;

/**
 * Makes this process the only runner of a job until it is disposed of. The lock of a process of this host that has ended,
 * by a restart of the host too, is taken over.
 *
 * @throws BlockstillError `run/already-active` when another process runs the job, `run/active-elsewhere` when one on
 *   another host does, or did and left its lock
 */
export async function acquireLock(path: string): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  const here = { host: hostname(), namespace: await pidNamespace() };
  const own = JSON.stringify({ ...here, ...(await identityOf(process.pid)) });
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, own);
  try {
    while (!(await linked(draft, path)) && !(await takenOver(draft, path)));
  } finally {
    await rm(draft, { force: true });
  }
  return {
    [Symbol.asyncDispose]: async () => {
      if ((await content(path)) === own) await rm(path, { force: true });
    },
  };
}

/** A link is made with its content in one step, so nobody ever reads half a lock. */
async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @returns false when somebody else was quicker, or the lock has gone: it is to be looked at again */
async function takenOver(draft: string, path: string): Promise<boolean> {
  const seen = await content(path);
  if (seen === undefined) return false;
  const owner = ownerOf(seen);
  if (owner !== undefined && (await isElsewhere(owner))) throw activeElsewhere(owner, path);
  if (owner !== undefined && (await isRunning(owner))) {
    throw new BlockstillError(
      'run/already-active',
      `Another run of this job is active (process ${owner.pid}).`,
      {
        where: path,
        hint: 'Wait for it or stop it, then run the command again. `blockstill status` shows how far it is.',
      },
    );
  }
  const claim = await claimed(draft, path);
  if (claim === undefined) {
    await delay(claimMilliseconds);
    return false;
  }
  try {
    // Between reading and claiming, another run may have taken the stale lock over.
    if ((await content(path)) !== seen) return false;
    await rename(draft, path);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

/** Until a claim is looked at again. */
const claimMilliseconds = 10;

/**
 * The right to replace a stale lock, which only one process at a time has. A claim whose process has ended is left as it
 * is, and the next number is claimed: two that remove it could remove each other's.
 */
async function claimed(draft: string, path: string): Promise<string | undefined> {
  for (let number = 0; ; number += 1) {
    const claim = `${path}.claim-${number}`;
    if (await linked(draft, claim)) return claim;
    const holder = ownerOf((await content(claim)) ?? '');
    if (holder === undefined) return undefined;
    if (await isElsewhere(holder)) throw activeElsewhere(holder, claim);
    if (await isRunning(holder)) return undefined;
  }
}

function activeElsewhere({ host, pid }: Owner, where: string): BlockstillError {
  return new BlockstillError(
    'run/active-elsewhere',
    `A run of this job on the host ${host} (process ${pid}) holds its folder.`,
    {
      where,
      hint: `Wait for it or stop it there. If it runs no more, because ${host} was switched off or was a container, remove the file.`,
    },
  );
}

/** Whether somebody runs the job, as far as can be told: the lock of another host counts as held. */
export async function isLocked(path: string): Promise<boolean> {
  const owner = ownerOf((await content(path)) ?? '');
  return owner !== undefined && ((await isElsewhere(owner)) || (await isRunning(owner)));
}

/** On another host, or in another container of this one; a container from before a restart of the host is over. */
async function isElsewhere({ host, namespace, bootId }: Owner): Promise<boolean> {
  if (host !== hostname()) return true;
  return namespace !== (await pidNamespace()) && bootId === (await identityOf(process.pid))?.bootId;
}

/** A sandbox may hide it: then containers can't be told apart. */
async function pidNamespace(): Promise<string> {
  return await readlink('/proc/self/ns/pid').catch(() => 'unknown');
}

function ownerOf(text: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function content(path: string): Promise<string | undefined> {
  return await readFile(path, 'utf8').catch(() => undefined);
}
