import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { BlockstillError } from '../../common/error.ts';
import { progressSchema, type Progress } from '../../worker/contract/progress.ts';
import { identityOf, type ProcessIdentity } from './process-identity.ts';

export interface WorkerOptions {
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Where its standard error goes. */
  readonly log: string;
  onProgress(progress: Progress): void;
}

export interface WorkerExit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A worker that stands at the start: it has an identity, and begins only when it is let go. */
export interface WorkerProcess {
  readonly identity: ProcessIdentity;
  readonly exited: Promise<WorkerExit>;
  letGo(): void;
  signal(signal: NodeJS.Signals): void;
}

/**
 * The worker begins only after a line on its standard input, so that its identity can be written down before it does
 * anything. If the runner dies before that, the shell reads the end of its input and ends.
 */
const gate = 'read -r _ && exec "$@"';

/**
 * Starts a worker at the gate, in a session of its own: Ctrl-C in the terminal reaches the runner alone, which then tells
 * its workers.
 */
export async function startWorker(options: WorkerOptions): Promise<WorkerProcess> {
  const log = await open(options.log, 'a');
  try {
    const child = spawn('/bin/sh', ['-c', gate, 'worker', ...options.command], {
      env: options.environment,
      stdio: ['pipe', 'pipe', log.fd],
      detached: true,
    });
    const exited = exitOf(child);
    // When it can't be spawned at all, the next line says so; nobody waits for its exit.
    exited.catch(() => undefined);
    await once(child, 'spawn');
    readProgress(child, options);
    const identity = child.pid === undefined ? undefined : await identityOf(child.pid);
    if (identity === undefined) throw cannotStart('it ended before it began');
    // A worker that has been killed at the gate has closed its input; its exit is reported, this is not.
    child.stdin?.on('error', () => undefined);
    return {
      identity,
      exited,
      letGo: () => child.stdin?.end('go\n'),
      signal: (signal) => void child.kill(signal),
    };
  } finally {
    await log.close();
  }
}

/** Standard output carries progress and nothing else; a line that is not progress is no reason to stop a worker. */
function readProgress(child: ChildProcess, { onProgress }: WorkerOptions): void {
  if (child.stdout === null) return;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const progress = progressSchema.safeParse(parsed(line));
    if (progress.success) onProgress(progress.data);
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

async function exitOf(child: ChildProcess): Promise<WorkerExit> {
  return await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(cannotStart(error.message)));
    child.on('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
  });
}

function cannotStart(why: string): BlockstillError {
  return new BlockstillError('run/cannot-start-worker', `A worker process can't be started: ${why}.`, {
    hint: 'Check the memory and process limits of this machine.',
  });
}
