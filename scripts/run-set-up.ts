import { parseArgs } from 'node:util';
import { BlockstillError, describeError } from '../common/error.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import type { Output } from './tensorflow/progress.ts';

export interface SetUp {
  readonly help: string;
  /** What is set up for tests: "Kubernetes". */
  readonly what: string;
  setUp(options: BuildOptions): Promise<void>;
}

/** The program of a set-up for tests, with `--for-tests` and `--help`; gives its exit code. */
export async function runSetUp({ help, setUp, what }: SetUp): Promise<number> {
  const { values } = parseArgs({ options: { 'for-tests': { type: 'boolean' }, help: { type: 'boolean' } } });
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
  const output: Output = {
    write: (text) => void process.stdout.write(text),
    isTerminal: process.stdout.isTTY,
  };
  if (values.help) {
    output.write(help);
    return 0;
  }
  try {
    await setUp({ output, signal: interruption.signal });
    return 0;
  } catch (error) {
    if (interruption.signal.aborted) {
      console.error('Set-up interrupted. Run the same command again to go on.');
      return 130;
    }
    if (values['for-tests'] && isLack(error) && !process.env['BLOCKSTILL_SKIP_NOTHING']) {
      console.error(`The tests that need ${what} will be skipped: ${describeError(error)}`);
      return 0;
    }
    console.error(`Set-up stopped: ${describeError(error)}`);
    return 1;
  }
}

/** Whether an error is about this machine, not about what was to be built on it. */
function isLack(error: unknown): error is BlockstillError {
  return (
    error instanceof BlockstillError &&
    (error.code === 'setup/missing-tools' || error.code === 'setup/unsupported-machine')
  );
}
