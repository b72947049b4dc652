import { InvalidArgumentError, Option, type Command } from 'commander';
import { clusterStatusCommand, type CommandIo } from './commands/cluster-status.ts';
import { listCommand } from './commands/list.ts';
import { logsCommand } from './commands/logs.ts';
import { suspendCommand } from './commands/suspend.ts';
import { BlockstillError, isCode } from '../common/error.ts';
import { manifestHint } from './cluster/job-argument.ts';
import { explainMissingDefinition } from './cluster/installed.ts';
import { openCluster, type Cluster, type ClusterOptions } from './cluster/open-cluster.ts';
import { exitCodes, exitCodesHelp } from './exit-codes.ts';
import { watchInterrupts } from './interrupts.ts';
import { terminalOf } from './terminal.ts';

interface CommonOptions extends ClusterOptions {
  readonly output: 'text' | 'json';
  readonly color: boolean;
}

/** Adds the options that say which cluster, under the names that kubectl gives them. */
export function addClusterOptions(command: Command): Command {
  return command
    .option('-n, --namespace <namespace>', 'where the job is (default: the namespace of the context)')
    .option('--context <context>', 'in place of the current context of the kubeconfig')
    .option('--kubeconfig <file>', 'in place of KUBECONFIG and ~/.kube/config');
}

/** `list`, `logs`, `suspend`, `resume`; `common` adds what all commands have. */
export function addClusterCommands(program: Command, common: (command: Command) => Command): void {
  const clusterCommand = (usage: string, description: string): Command =>
    addClusterOptions(program.command(usage)).description(description).addHelpText('after', exitCodesHelp);
  common(clusterCommand('list', 'list the jobs in a cluster'))
    .option('-A, --all-namespaces', 'of all namespaces', false)
    .action(async (options: CommonOptions & { allNamespaces: boolean }) => {
      await inCluster(options, async (cluster, io) => await listCommand(options, cluster, io));
    });
  clusterCommand('logs <job> <block>', 'print the log of the worker of a block, of prepare or of finetune')
    .option('-f, --follow', 'go on until the worker ends; wait for it where it has not started', false)
    .addOption(new Option('--attempt <number>', 'not of the newest attempt').argParser(attemptNumber))
    .addOption(
      new Option('-p, --previous', 'of the attempt before the newest').default(false).conflicts('attempt'),
    )
    .action(async (name: string, block: string, options: CommonOptions & LogsOptions) => {
      const command = { ...options, name, block };
      await inCluster(options, async (cluster, io) => await logsCommand(command, cluster, io));
    });
  for (const suspend of [true, false]) {
    const [verb, description] = suspend
      ? ['suspend', 'let the running units of a job save a checkpoint and end, and start no others']
      : ['resume', 'let a suspended job go on'];
    common(clusterCommand(`${verb} <job>`, description))
      .option('--wait', 'until the operator has done so', false)
      .action(async (name: string, options: CommonOptions & { wait: boolean }) => {
        const command = { ...options, name, suspend };
        await inCluster(options, async (cluster, io) => await suspendCommand(command, cluster, io));
      });
  }
}

interface LogsOptions {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly attempt?: number;
}

/** `status` of a name that is no manifest. */
export async function statusInCluster(
  name: string,
  options: CommonOptions & { readonly watch: boolean },
): Promise<void> {
  const command = { ...options, name };
  try {
    await inCluster(options, async (cluster, io) => await clusterStatusCommand(command, cluster, io));
  } catch (error) {
    // Whoever has no cluster at all most likely meant a file.
    throw isCode(error, 'cluster/no-configuration') ? withHint(error, manifestHint) : error;
  }
}

function withHint({ code, message, where, hint }: BlockstillError, more: string): BlockstillError {
  return new BlockstillError(code, message, { where, hint: [hint, more].filter(Boolean).join(' ') });
}

/** Runs a command on the cluster that its options name, and sets the exit code: 130 when it was interrupted. */
export async function inCluster(
  options: ClusterOptions & { readonly color?: boolean },
  command: (cluster: Cluster, io: CommandIo) => Promise<number>,
): Promise<void> {
  const { color = true } = options;
  await using cluster = openCluster(options, process.env);
  using interrupts = watchInterrupts(process.stdout);
  const { signal } = interrupts;
  const [out, progress] = [terminalOf(process.stdout, { color }), terminalOf(process.stderr, { color })];
  try {
    process.exitCode = await command(cluster, { out, progress, signal });
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw explainMissingDefinition(error);
    process.exitCode = exitCodes.Interrupted;
  }
}

function attemptNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Attempts are counted from 1.');
  return value;
}
