import { fileURLToPath } from 'node:url';
import { freePorts } from '../cluster/free-ports.ts';
import { startProcess } from '../cluster/start-process.ts';
import { waitFor } from '../cluster/wait-for.ts';

const operatorProgram = fileURLToPath(new URL('../../operator/main.ts', import.meta.url));

export interface OperatorProcess extends AsyncDisposable {
  readonly pid: number;
  /** Where it answers `/healthz`, `/readyz` and `/metrics`. */
  readonly url: string;
  /** Waits until `/readyz` says 200. */
  untilReady(seconds?: number): Promise<void>;
  /** SIGKILL; done when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; answers how it ended. */
  terminate(): Promise<string>;
  /** SIGSTOP: it holds still, with all its connections open. */
  pause(): void;
  resume(): void;
  hasEnded(): Promise<boolean>;
  /** Whether its `/metrics` say that it holds the Lease; false when they don't answer, as while it is paused. */
  leads(): Promise<boolean>;
}

export interface OperatorOptions {
  readonly kubeconfig: string;
  /** The file that its output is added to. */
  readonly log: string;
  /** Default true; where only one runs, a new one need not wait for the Lease of the one that was killed. */
  readonly leaderElection?: boolean;
  readonly workerImage?: string;
  readonly commandArguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Another program in its place. */
  readonly program?: string;
  /** Of Node itself. */
  readonly nodeArguments?: readonly string[];
}

export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const {
    kubeconfig,
    log,
    leaderElection = true,
    workerImage = 'example.invalid/blockstill-worker:test',
    commandArguments = [],
    environment = {},
    program = operatorProgram,
    nodeArguments = [],
  } = options;
  const [port = 0] = await freePorts(1, '127.0.0.1');
  const flags = ['--kubeconfig', kubeconfig, '--worker-image', workerImage, '--listen', `127.0.0.1:${port}`];
  const election = leaderElection ? [] : ['--no-leader-election'];
  const own = [...flags, ...election, ...commandArguments];
  const child = await startProcess(process.execPath, [...nodeArguments, program, ...own], {
    log,
    environment,
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    pid: child.pid,
    url,
    untilReady: async (seconds) => {
      await waitFor(
        'the operator to be ready',
        async () => {
          const ending = await child.ending();
          if (ending !== undefined) throw new Error(ending);
          return (await ask(`${url}/readyz`))?.status === 200 ? true : undefined;
        },
        seconds,
      );
    },
    kill: child.kill,
    terminate: async () => {
      process.kill(child.pid, 'SIGTERM');
      return await waitFor('the operator to end', async () => await child.ending());
    },
    pause: () => void process.kill(child.pid, 'SIGSTOP'),
    resume: () => void process.kill(child.pid, 'SIGCONT'),
    hasEnded: async () => (await child.ending()) !== undefined,
    leads: async () => {
      const { text = '' } = (await ask(`${url}/metrics`)) ?? {};
      return /^leader_election_master_status(?:\{[^}]*\})? 1$/m.test(text);
    },
    [Symbol.asyncDispose]: child.kill,
  };
}

async function ask(url: string): Promise<{ status: number; text: string } | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}
