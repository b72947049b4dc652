import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addClusterCommands, addClusterOptions, inCluster, statusInCluster } from './cluster-commands.ts';
import type { ClusterOptions } from './cluster/open-cluster.ts';
import { isManifest } from './cluster/job-argument.ts';
import { completeCommand } from './commands/completion.ts';
import { runCommand } from './commands/run.ts';
import { simulateCommand } from './commands/simulate.ts';
import { statusCommand } from './commands/status.ts';
import { validateCommand } from './commands/validate.ts';
import { completeCommandName, completionScript, shells, type Shell } from './completion/scripts.ts';
import { exitCodes, exitCodesHelp } from './exit-codes.ts';
import { printError } from './print-error.ts';
import { terminalOf, type Terminal } from './terminal.ts';

interface CommonOptions {
  readonly output: 'text' | 'json';
  readonly color: boolean;
}

const terminals = ({ color }: Pick<CommonOptions, 'color'>): { out: Terminal; progress: Terminal } => ({
  out: terminalOf(process.stdout, { color }),
  progress: terminalOf(process.stderr, { color }),
});

/** The command line: parses, calls the command, and sets the exit code. */
async function main(): Promise<void> {
  const program = createProgram();
  const [first, ...words] = process.argv.slice(2);
  if (first !== completeCommandName) await program.parseAsync();
  else {
    const io = { ...terminals({ color: false }), environment: process.env };
    process.exitCode = await completeCommand(program, words, io);
  }
}

function createProgram(): Command {
  const program = new Command('blockstill')
    .description(
      'Turns a trained convolutional network into a cheaper one by parallel blockwise distillation.',
    )
    .version(packageJson.version)
    .exitOverride()
    .showHelpAfterError('Run with --help for usage.')
    .addHelpText('after', `${examples}\n${exitCodesHelp}`);
  common(program.command('run <manifest>'))
    .description('run a DistillationJob on this machine; a second run resumes, or says that it is done')
    .option(
      '--workers <number>',
      'units to train at once (default: one a GPU, or as many as the cores allow)',
      positiveInteger,
    )
    .option('--storage <folder>', 'where the job keeps its data (default: .blockstill beside the manifest)')
    .addHelpText('after', `${examples}\n${exitCodesHelp}`)
    .action(async (manifest: string, options: CommonOptions & { workers?: number; storage?: string }) => {
      process.exitCode = await runCommand({ manifest, ...options }, terminals(options));
    });
  common(program.command('validate <manifest>'))
    .description('check manifest, model and data, and show the blocks with their cost; trains nothing')
    .addHelpText('after', exitCodesHelp)
    .action(async (manifest: string, options: CommonOptions) => {
      process.exitCode = await validateCommand({ manifest, ...options }, terminals(options).out);
    });
  addClusterOptions(common(program.command('status <job|manifest>')))
    .description('show how far a job is: in a cluster, by its name; on this machine, by its manifest')
    .option('-w, --watch', 'in a cluster: until the job is over; the exit code says how it ended', false)
    .option('--storage <folder>', 'on this machine: where the job keeps its data')
    .addHelpText('after', `${statusHelp}\n${exitCodesHelp}`)
    .action(async (job: string, options: StatusOptions, command: Command) => {
      refuseForeign(options, isManifest(job) ? 'manifest' : 'name', command);
      if (!isManifest(job)) await statusInCluster(job, options);
      else process.exitCode = await statusCommand({ manifest: job, ...options }, terminals(options).out);
    });
  common(program.command('simulate <source>'))
    .description(
      'say what more or fewer GPUs would make of a job: a manifest that was run here, a folder with its plan, or a JSON file with the seconds of each block',
    )
    .option('--gpus <numbers>', 'numbers of GPUs, with commas between them', positiveIntegers, [1, 2, 4, 8])
    .option('--storage <folder>', 'where the job keeps its data (default: .blockstill beside the manifest)')
    .addHelpText('after', `${simulateExamples}\n${exitCodesHelp}`)
    .action(
      async (source: string, options: CommonOptions & { gpus: readonly number[]; storage?: string }) => {
        process.exitCode = await simulateCommand({ source, ...options }, terminals(options).out);
      },
    );
  addClusterOptions(program.command('report <job|manifest>'))
    .description(
      'write the report of a job, named as for status: a page that shows where time and energy went',
    )
    .option(
      '-o, --output <file>',
      'the page to write, with its data as .json beside it (default: <name>-report.html here); json: print the data only',
    )
    .option('--storage <folder>', 'on this machine: where the job keeps its data')
    .option('--no-color', 'no colour, also where the terminal has it')
    .addHelpText('after', `${statusHelp}\n${exitCodesHelp}`)
    .action(async (job: string, options: ReportOptions, command: Command) => {
      refuseForeign(options, isManifest(job) ? 'manifest' : 'name', command);
      // The plotting library takes a quarter of a second to load, which no other command should wait for.
      if (isManifest(job)) {
        const { reportCommand } = await import('./commands/report.ts');
        process.exitCode = await reportCommand({ manifest: job, ...options }, terminals(options).out);
      } else {
        const { clusterReportCommand } = await import('./commands/cluster-report.ts');
        const report = { ...options, name: job };
        await inCluster(options, async (cluster, io) => await clusterReportCommand(report, cluster, io));
      }
    });
  addClusterCommands(program, common);
  program
    .command('completion')
    .addArgument(new Argument('<shell>', 'what you type commands in').choices(shells))
    .description('print what a shell needs to complete commands, jobs and blocks')
    .addHelpText('after', completionHelp)
    .action((shell: Shell) => void process.stdout.write(completionScript(shell)));
  return program;
}

interface JobOptions extends ClusterOptions {
  readonly storage?: string;
  readonly color: boolean;
}

interface StatusOptions extends CommonOptions, JobOptions {
  readonly watch: boolean;
}

interface ReportOptions extends JobOptions {
  readonly output?: string;
}

const statusHelp = `
A path with a slash, or a name that ends in .yaml, .yml or .json, is a manifest that was run on this machine; anything else
is the name of a DistillationJob in the cluster.`;

const completionHelp = `
Examples:
  eval "$(blockstill completion bash)"         in ~/.bashrc
  source <(blockstill completion zsh)          in ~/.zshrc, after compinit
  blockstill completion fish | source          in ~/.config/fish/config.fish

kubectl completes \`kubectl blockstill\` where kubectl_complete-blockstill, which is this program too, is on the PATH.`;

/** An option that would be passed over in silence is a mistake that nobody would find. */
function refuseForeign(
  options: JobOptions & { readonly watch?: boolean },
  meant: 'manifest' | 'name',
  command: Command,
): void {
  const { namespace, context, kubeconfig, watch = false, storage } = options;
  const ofClusters = { namespace, context, kubeconfig, watch: watch || undefined };
  const foreign = Object.entries(meant === 'manifest' ? ofClusters : { storage });
  const [given] = foreign.find(([, value]) => value !== undefined) ?? [];
  if (given === undefined) return;
  const whose = meant === 'manifest' ? 'a manifest on this machine' : 'a job in a cluster';
  command.error(`error: --${given} says nothing about ${whose}.`);
}

const examples = `
Examples:
  blockstill validate job.yaml                check manifest, model and data
  blockstill run job.yaml                     run it; Ctrl-C stops, the same command resumes
  blockstill run job.yaml --workers 4         train four blocks at once
  blockstill status job.yaml --output json    what a program can read
  blockstill report job.yaml                  a page that shows where time and energy went
  blockstill list -A                          the jobs in a cluster
  blockstill status mnist --watch             follow one of them to its end
  blockstill logs mnist conv2d_1 --follow     what the worker of a block writes`;

const simulateExamples = `
Examples:
  blockstill simulate job.yaml --gpus 4,8     of a job that was run here, at least until prepare was done
  blockstill simulate times.json              of {"blocks": [{"name": "conv_1", "seconds": 325}]}`;

function common(command: Command): Command {
  return command
    .addOption(
      new Option('-o, --output <format>', 'form of the result').choices(['text', 'json']).default('text'),
    )
    .option('--no-color', 'no colour, also where the terminal has it');
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

const mostGpus = 1024;

function positiveIntegers(text: string): readonly number[] {
  const values = text.split(',').map(positiveInteger);
  if (values.some((value) => value > mostGpus))
    throw new InvalidArgumentError(`It must be at most ${mostGpus}.`);
  return [...new Set(values)].toSorted((a, b) => a - b);
}

// `blockstill status job.yaml | head -3`: whoever read the output has gone, which is no failure of the command.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await main();
} catch (error) {
  process.exitCode =
    error instanceof CommanderError
      ? error.exitCode === 0
        ? exitCodes.Success
        : exitCodes.Usage
      : printError(error, terminalOf(process.stderr, { color: !process.argv.includes('--no-color') }));
}
