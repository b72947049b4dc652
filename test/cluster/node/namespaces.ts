import { mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isThere } from '../../../scripts/cluster/kubernetes.ts';
import { runCommand, type CommandResult } from '../../../scripts/tensorflow/command.ts';
import { startProcess, type RunningProcess } from '../start-process.ts';
import { waitFor } from '../wait-for.ts';
import { removeControlGroups } from './control-groups.ts';

/** The namespaces that a node lives in: mounts, network, processes, host name, shared memory. */
export interface NodeNamespaces extends AsyncDisposable {
  /** The id of their first process, as this machine sees it; when it ends, all of the node ends. */
  readonly owner: number;
  /** The name of the node's control group, in each hierarchy. */
  readonly group: string;
  /** Starts a program in the node. It ends with the node. */
  start(program: string, programArguments: readonly string[], log: string): Promise<RunningProcess>;
  run(program: string, programArguments: readonly string[]): Promise<CommandResult>;
}

const kinds = ['--mount', '--net', '--pid', '--uts', '--ipc'];
const script = fileURLToPath(new URL('./init.sh', import.meta.url));

/**
 * @param folder - the node's state is in it
 * @param options - `pause`: a program that waits; `programs`: folders of programs that the node finds
 */
export async function makeNamespaces(
  folder: string,
  options: { pause: string; programs: readonly string[] },
): Promise<NodeNamespaces> {
  await using undo = new AsyncDisposableStack();
  await mkdir(join(folder, 'log'), { recursive: true });
  const group = basename(folder);
  undo.defer(async () => await removeControlGroups(group));
  const holder = await startProcess(
    'unshare',
    [...kinds, '--fork', '--kill-child', 'bash', script, folder, group, options.pause],
    { log: join(folder, 'log', 'init.log') },
  );
  const owner = await waitFor('the namespaces of the node', async () => {
    const ending = await holder.ending();
    if (ending !== undefined) throw new Error(ending);
    return (await isThere(join(folder, 'namespaces-are-made'))) ? await childOf(holder.pid) : undefined;
  });
  undo.defer(async () => {
    await holder.kill();
    await waitFor('the node to end', async () => ((await isThere(`/proc/${owner}`)) ? undefined : true));
  });
  const enter = ['--target', String(owner), ...kinds, '--'];
  const environment = { PATH: [...options.programs, process.env['PATH']].join(':'), HOME: '/root' };
  const parts = undo.move();
  return {
    owner,
    group,
    start: async (program, programArguments, log) =>
      await startProcess('nsenter', [...enter, program, ...programArguments], {
        log: join(folder, 'log', log),
        environment,
      }),
    run: async (program, programArguments) =>
      await runCommand('nsenter', [...enter, program, ...programArguments], { environment }),
    [Symbol.asyncDispose]: async () => await parts.disposeAsync(),
  };
}

async function childOf(parent: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8');
  const child = Number(text.trim().split(' ')[0]);
  return child > 0 ? child : undefined;
}
