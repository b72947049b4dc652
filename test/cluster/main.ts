/** `make cluster` and `make cluster-down`: a cluster that stays until it is told to end. */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeJsonAtomically } from '../../common/files.ts';
import { BlockstillError, describeError, InvalidInputError } from '../../common/error.ts';
import { lastLines } from '../../scripts/tensorflow/command.ts';
import { startCluster } from './cluster.ts';
import { programFolder } from './programs.ts';
import { whyNoCluster } from './requirements.ts';
import { waitFor } from './wait-for.ts';

const program = fileURLToPath(import.meta.url);
const folder = join(dirname(dirname(dirname(program))), '.blockstill', 'cluster');
const statePath = join(folder, 'state.json');
const logPath = join(folder, 'cluster.log');

/** What is known of the cluster of this checkout. */
interface State {
  readonly pid: number;
  /** Absent until it is ready. */
  readonly kubeconfig?: string;
}

async function up(): Promise<void> {
  const reason = await whyNoCluster();
  if (reason !== undefined) {
    throw new BlockstillError(
      'setup/unsupported-machine',
      `There can be no cluster on this machine: ${reason}.`,
    );
  }
  let state = await runningState();
  if (state === undefined) {
    console.log('Waiting for the cluster (about 10 s) ...');
    await mkdir(folder, { recursive: true });
    await rm(statePath, { force: true });
    const log = await open(logPath, 'w');
    const holder = spawn(process.execPath, [program, 'hold'], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    holder.unref();
    let hasEnded = false;
    holder.on('exit', () => (hasEnded = true));
    state = await waitFor(
      'the cluster',
      async () => {
        if (hasEnded)
          throw new Error(`The cluster did not start: ${lastLines(await readFile(logPath, 'utf8'))}`);
        const found = await readState();
        return found?.kubeconfig === undefined ? undefined : found;
      },
      300,
    );
    await log.close();
  }
  console.log(`The cluster is up. It stays until: make cluster-down`);
  console.log(`  export KUBECONFIG=${state.kubeconfig} PATH=${await programFolder()}:$PATH`);
}

async function down(): Promise<void> {
  const state = await runningState();
  if (state === undefined) {
    console.log('There is no cluster.');
    return;
  }
  process.kill(state.pid, 'SIGTERM');
  await waitFor('the cluster to end', async () => ((await runningState()) === undefined ? true : undefined));
  await rm(statePath, { force: true });
  console.log('The cluster is gone.');
}

/** Runs the cluster until SIGTERM. */
async function hold(): Promise<void> {
  const ended = new Promise((resolve) => process.once('SIGTERM', resolve));
  await writeJsonAtomically(statePath, { pid: process.pid } satisfies State);
  await using cluster = await startCluster({ gpus: 4 });
  await writeJsonAtomically(statePath, { pid: process.pid, kubeconfig: cluster.kubeconfig } satisfies State);
  // A pending promise alone keeps no process alive.
  const timer = setInterval(() => undefined, 2 ** 30);
  await ended;
  clearInterval(timer);
}

async function readState(): Promise<State | undefined> {
  const text = await readFile(statePath, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as State);
}

/** The state of a cluster whose process is still there; its number may belong to another program by now. */
async function runningState(): Promise<State | undefined> {
  const state = await readState();
  if (state === undefined) return undefined;
  const command = await readFile(`/proc/${state.pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes(program) ? state : undefined;
}

const commands: Readonly<Record<string, () => Promise<void>>> = { up, down, hold };
try {
  const command = commands[process.argv[2] ?? ''];
  if (command === undefined) throw new InvalidInputError('setup/unknown-command', 'Say up or down.');
  await command();
} catch (error) {
  console.error(describeError(error));
  process.exitCode = 1;
}
