import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface OperatorProcess extends AsyncDisposable {
  readonly pid: number;
  /** Resolves with the next line of this message in the log, or one that has been there already. */
  logged(message: string): Promise<Record<string, unknown>>;
  /** All that it wrote to standard error so far. */
  said(): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** How it ended: its exit code, or the signal that killed it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** `file`: as in a container, where a write never fails for want of a reader. `unread`: a pipe that nobody reads. */
  readonly standardError?: 'lines' | 'file' | 'unread';
  /** What to start; default: the program with a controller that does as it is told. */
  readonly program?: string;
}

const fakeOperator = fileURLToPath(new URL('fake-operator.ts', import.meta.url));

/** Starts the operator as a process of its own; it is killed at the latest when it is disposed of. */
export async function startOperator(options: StartOptions = {}): Promise<OperatorProcess> {
  const { args = [], environment = {}, standardError = 'lines', program = fakeOperator } = options;
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'blockstill-operator-'));
  undo.defer(async () => await rm(folder, { recursive: true, force: true }));
  const log = join(folder, 'stderr.log');
  const file = standardError === 'file' ? await open(log, 'w') : undefined;
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'ignore', file?.fd ?? 'pipe'],
    env: { PATH: process.env['PATH'], HOME: folder, ...environment },
  });
  await file?.close();
  const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as number | NodeJS.Signals);
  // A test that ran out of time disposes of nothing, and a process that is blocked ends by itself only if all is well.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  undo.defer(async () => {
    process.off('exit', kill);
    kill();
    await ended;
  });
  const lines: string[] = [];
  const listeners = new Set<() => void>();
  if (standardError === 'lines' && child.stderr !== null) {
    createInterface(child.stderr).on('line', (line) => {
      lines.push(line);
      for (const listener of listeners) listener();
    });
  }
  const find = (message: string) => lines.map(parsed).find((entry) => entry?.['message'] === message);
  const parts = undo.move();
  return {
    pid: child.pid ?? 0,
    logged: async (message) =>
      await new Promise((resolve, reject) => {
        const look = (): void => {
          const entry = find(message);
          if (entry === undefined) return;
          listeners.delete(look);
          resolve(entry);
        };
        listeners.add(look);
        look();
        child.on('close', () => reject(new Error(`It has ended, and said:\n${lines.join('\n')}`)));
      }),
    said: async () => (file === undefined ? lines.join('\n') : await readFile(log, 'utf8')),
    kill: (signal) => void child.kill(signal),
    ended,
    [Symbol.asyncDispose]: async () => await parts.disposeAsync(),
  };
}

/** Writes a kubeconfig for a server that asks for no credentials, and answers its path. */
export async function writePlainKubeconfig(folder: string, server: string): Promise<string> {
  const path = join(folder, 'kubeconfig');
  const content = {
    clusters: [{ name: 'test', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'test', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'ops' } }],
    'current-context': 'test',
  };
  await writeFile(path, JSON.stringify(content));
  return path;
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
