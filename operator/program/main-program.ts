import { errorFields, type ErrorFields } from '../../common/error-fields.ts';
import { BlockstillError, describeError, isCode } from '../../common/error.ts';
import { createLogger } from '../../common/logger.ts';
import { systemClock } from '../kube/clock.ts';
import type { Controller, ControllerRun } from './controller.ts';
import { exitCodes } from './exit-codes.ts';
import { helpText } from './flags.ts';
import { defaultTimings, type ElectionTimings } from './leadership.ts';
import { parseOptions, type OperatorOptions } from './options.ts';
import { runOperator } from './run-operator.ts';
import { watchStopSignals } from './stop-signals.ts';

export interface MainProgram {
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly timings?: ElectionTimings;
  createController(run: ControllerRun): Controller;
}

/** The operator from its command line to its exit code; see `exit-codes.ts`. */
export async function mainProgram({
  args,
  environment,
  timings = defaultTimings,
  createController,
}: MainProgram): Promise<number> {
  let options: OperatorOptions | 'help';
  try {
    options = parseOptions(args, environment);
  } catch (error) {
    process.stderr.write(`${describeError(error)}\n`);
    return exitCodes.Usage;
  }
  if (options === 'help') {
    process.stdout.write(helpText());
    return exitCodes.Stopped;
  }
  const logger = createLogger(options.log);
  process.on('uncaughtException', (error: unknown) => {
    logger.error('The operator has a defect, and ends', { error });
    process.exit(exitCodes.Failed);
  });
  using stop = watchStopSignals(logger);
  try {
    await runOperator({
      options,
      environment,
      clock: systemClock,
      logger,
      timings,
      signal: stop.signal,
      createController,
      endNow: () => process.exit(exitCodes.Failed),
    });
    logger.info('Stopped');
    return exitCodes.Stopped;
  } catch (error) {
    const isExpected = error instanceof BlockstillError;
    logger.error('The operator has ended', { error: isExpected ? withoutStacks(errorFields(error)) : error });
    return isConfiguration(error) ? exitCodes.Usage : exitCodes.Failed;
  }
}

/** What is meant for users explains itself: only of a defect does it matter where it was thrown. */
function withoutStacks({ stack: _stack, cause, ...fields }: ErrorFields): ErrorFields {
  return { ...fields, ...(cause === undefined ? {} : { cause: withoutStacks(cause) }) };
}

function isConfiguration(error: unknown): boolean {
  return isCode(error, 'cluster/no-configuration') || isCode(error, 'cluster/invalid-configuration');
}
