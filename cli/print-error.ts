import { BlockstillError, describeError, InvalidInputError, type ErrorCode } from '../common/error.ts';
import { exitCodes } from './exit-codes.ts';
import { printable } from './render/printable.ts';
import { styles } from './render/style.ts';
import type { Terminal } from './terminal.ts';

/** Says what went wrong, and returns the exit code that goes with it. */
export function printError(error: unknown, terminal: Terminal): number {
  const { bold, red, dim } = styles(terminal.color);
  const [first = '', ...rest] = withOneCode(printable(describeError(error)).split('\n'));
  terminal.write(`${bold(red('error:'))} ${first}\n`);
  for (const line of rest) terminal.write(`${dim(line)}\n`);
  if (error instanceof InvalidInputError) return exitCodes.InvalidInput;
  return error instanceof BlockstillError
    ? (exitCodeOfError[error.code] ?? exitCodes.Failed)
    : exitCodes.Failed;
}

const { InvalidInput, Unavailable, Busy } = exitCodes;

/** Of errors that are no InvalidInputError: those are about what a worker was given. */
const exitCodeOfError: Readonly<Partial<Record<ErrorCode, number>>> = {
  'run/already-active': Busy,
  'run/active-elsewhere': Busy,
  // Another run of the same manifest on this machine would end the same way.
  'run/suspended': InvalidInput,
  'run/no-gpu': InvalidInput,
  'run/no-tensorflow': InvalidInput,
  'cluster/no-configuration': InvalidInput,
  'cluster/invalid-configuration': InvalidInput,
  'cluster/no-credentials': InvalidInput,
  'cluster/unauthorized': InvalidInput,
  'cluster/forbidden': InvalidInput,
  'cluster/untrusted': InvalidInput,
  'cluster/not-installed': InvalidInput,
  'cluster/no-such-job': InvalidInput,
  'cluster/no-such-block': InvalidInput,
  'cluster/no-such-attempt': InvalidInput,
  'cluster/unreachable': Unavailable,
  'cluster/timeout': Unavailable,
};

const codeLine = /^\([a-z]+\/[a-z0-9-]+\)$/;

/** What a worker said ends in its own code; that of the error which passes it on says less. */
function withOneCode(lines: readonly string[]): readonly string[] {
  const code = lines.findIndex((line) => codeLine.test(line));
  return lines.filter((line, index) => index <= code || !codeLine.test(line));
}
