import { describeError, InvalidInputError, isCode } from '../common/error.ts';
import { exitCodes } from './exit-codes.ts';
import { styles } from './render/style.ts';
import type { Terminal } from './terminal.ts';

/** Says what went wrong, and returns the exit code that goes with it. */
export function printError(error: unknown, terminal: Terminal): number {
  const { bold, red, dim } = styles(terminal.color);
  const [first = '', ...rest] = withOneCode(describeError(error).split('\n'));
  terminal.write(`${bold(red('error:'))} ${first}\n`);
  for (const line of rest) terminal.write(`${dim(line)}\n`);
  if (error instanceof InvalidInputError) return exitCodes.InvalidInput;
  // Another run of the same manifest on this machine would end the same way.
  if (isCode(error, 'run/suspended') || isCode(error, 'run/no-gpu')) return exitCodes.InvalidInput;
  const busy = isCode(error, 'run/already-active') || isCode(error, 'run/active-elsewhere');
  return busy ? exitCodes.Busy : exitCodes.Failed;
}

const codeLine = /^\([a-z]+\/[a-z0-9-]+\)$/;

/** What a worker said ends in its own code; that of the error which passes it on says less. */
function withOneCode(lines: readonly string[]): readonly string[] {
  const code = lines.findIndex((line) => codeLine.test(line));
  return lines.filter((line, index) => index <= code || !codeLine.test(line));
}
