import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../../cluster/wait-for.ts';
import type { SimulatorCommand, SimulatorReport } from './simulator.ts';

export interface SimulatorProcess extends AsyncDisposable {
  send(command: SimulatorCommand): void;
  until(what: string, isSo: (report: SimulatorReport) => boolean, seconds: number): Promise<void>;
}

/** Starts the pods' process; it ends with this one. */
export async function startSimulator(kubeconfig: string, blocks: number): Promise<SimulatorProcess> {
  const program = fileURLToPath(new URL('simulator.ts', import.meta.url));
  const child = fork(program, ['--kubeconfig', kubeconfig, '--blocks', String(blocks)]);
  let last: SimulatorReport = { held: 0, finished: 0 };
  child.on('message', (report) => (last = report as SimulatorReport));
  await once(child, 'message');
  return {
    send: (command) => void child.send(command),
    until: async (what, isSo, seconds) => {
      await waitFor(
        what,
        async () => {
          if (child.exitCode !== null)
            throw new Error(`The simulator has ended with code ${child.exitCode}.`);
          return isSo(last) ? true : undefined;
        },
        seconds,
      );
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
