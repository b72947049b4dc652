import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../cluster/wait-for.ts';

const program = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

export interface CliProcess extends AsyncDisposable {
  /** So far. */
  readonly out: string;
  readonly error: string;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** Waits until it has written this to standard output. */
  printed(text: string): Promise<void>;
  /** Likewise to standard error. */
  said(text: string): Promise<void>;
}

/** The command line as a process of its own, on the cluster of a kubeconfig. */
export function startCli(kubeconfig: string, parameters: readonly string[]): CliProcess {
  const environment = { ...process.env, KUBECONFIG: kubeconfig };
  const child = spawn(process.execPath, [program, ...parameters], { env: environment });
  const written = { out: '', error: '' };
  child.stdout.on('data', (chunk: Buffer) => (written.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (written.error += chunk.toString()));
  const includes = async (where: keyof typeof written, text: string): Promise<void> => {
    await waitFor(`"${text}"`, async () => {
      await Promise.resolve();
      return written[where].includes(text) ? true : undefined;
    });
  };
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    get out() {
      return written.out;
    },
    get error() {
      return written.error;
    },
    ended,
    kill: (signal) => void child.kill(signal),
    printed: async (text) => await includes('out', text),
    said: async (text) => await includes('error', text),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
