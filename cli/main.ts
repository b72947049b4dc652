import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { runCommand } from './commands/run.ts';
import { statusCommand } from './commands/status.ts';
import { validateCommand } from './commands/validate.ts';
import { exitCodes, exitCodesHelp } from './exit-codes.ts';
import { printError } from './print-error.ts';
import { terminalOf, type Terminal } from './terminal.ts';

interface CommonOptions {
  readonly output: 'text' | 'json';
  readonly color: boolean;
}

const terminals = ({ color }: CommonOptions): { out: Terminal; progress: Terminal } => ({
  out: terminalOf(process.stdout, { color }),
  progress: terminalOf(process.stderr, { color }),
});

/** The command line: parses, calls the command, and sets the exit code. */
async function main(): Promise<void> {
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
  common(program.command('status <manifest>'))
    .description('show how far the last run of a manifest on this machine is')
    .option('--storage <folder>', 'where the job keeps its data (default: .blockstill beside the manifest)')
    .addHelpText('after', exitCodesHelp)
    .action(async (manifest: string, options: CommonOptions & { storage?: string }) => {
      process.exitCode = await statusCommand({ manifest, ...options }, terminals(options).out);
    });
  program
    .command('report <manifest>')
    .description('write the report of the last run of a manifest on this machine: a page, and report.json')
    .option(
      '-o, --output <file>',
      'the page to write, with its data as .json beside it (default: <name>-report.html here); json: print the data only',
    )
    .option('--storage <folder>', 'where the job keeps its data (default: .blockstill beside the manifest)')
    .option('--no-color', 'no colour, also where the terminal has it')
    .addHelpText('after', exitCodesHelp)
    .action(async (manifest: string, options: { output?: string; storage?: string; color: boolean }) => {
      // The plotting library takes a quarter of a second to load, which no other command should wait for.
      const { reportCommand } = await import('./commands/report.ts');
      const { out } = terminals({ output: 'text', color: options.color });
      process.exitCode = await reportCommand({ manifest, ...options }, out);
    });
  await program.parseAsync();
}

const examples = `
Examples:
  blockstill validate job.yaml                check manifest, model and data
  blockstill run job.yaml                     run it; Ctrl-C stops, the same command resumes
  blockstill run job.yaml --workers 4         train four blocks at once
  blockstill status job.yaml --output json    what a program can read
  blockstill report job.yaml                  a page that shows where time and energy went`;

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
