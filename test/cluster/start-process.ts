import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { lastLines } from '../../scripts/tensorflow/command.ts';

export interface RunningProcess {
  readonly pid: number;
  /** How it ended, with the last of what it wrote; undefined while it runs. */
  ending(): Promise<string | undefined>;
  /** Kills it, and is done when it is gone. */
  kill(): Promise<void>;
}

/**
 * Starts a program whose output goes to a file. It ends with this process, also when that is killed.
 *
 * It can only be killed: there is nothing to lose in a test, and an API server that is asked to end waits for those who
 * watch.
 */
export async function startProcess(
  program: string,
  programArguments: readonly string[],
  options: { log: string; environment?: Readonly<Record<string, string>> },
): Promise<RunningProcess> {
  const log = await open(options.log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...programArguments], {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, ...options.environment },
  });
  let ended: string | undefined;
  const gone = new Promise<void>((resolve) => {
    child.on('exit', (code, signal) => {
      ended = signal ?? `code ${code}`;
      resolve();
    });
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('spawn', resolve);
      child.on('error', reject);
    });
  } finally {
    await log.close();
  }
  return {
    pid: child.pid ?? 0,
    ending: async () => {
      if (ended === undefined) return undefined;
      const said = lastLines(await readFile(options.log, 'utf8'));
      return `${program} has ended with ${ended}. It said:\n${said}`;
    },
    kill: async () => {
      if (ended === undefined) child.kill('SIGKILL');
      await gone;
    },
  };
}
