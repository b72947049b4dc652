import { BlockstillError, describeError, InvalidInputError } from '../common/error.ts';
import { exitCodes } from './exit-codes.ts';
import { styles } from './render/style.ts';
import type { Terminal } from './terminal.ts';

/** Says what went wrong, and returns the exit code that goes with it. */
export function printError(error: unknown, terminal: Terminal): number {
  const { bold, red, dim } = styles(terminal.color);
  const [first = '', ...rest] = describeError(error).split('\n');
  terminal.write(`${bold(red('error:'))} ${first}\n`);
  for (const line of rest) terminal.write(`${dim(line)}\n`);
  if (error instanceof InvalidInputError || isCode(error, 'run/suspended')) return exitCodes.InvalidInput;
  return isCode(error, 'run/already-active') ? exitCodes.Busy : exitCodes.Failed;
}

function isCode(error: unknown, code: BlockstillError['code']): boolean {
  return error instanceof BlockstillError && error.code === code;
}
