import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeError, InvalidInputError } from '../common/error.ts';
import { systemClock } from './clock.ts';
import { exitCode, type ExitCode } from './contract/exit-code.ts';
import { contractVersion } from './contract/primitives.ts';
import { unitSpecSchema, type UnitSpec } from './contract/unit-spec.ts';
import { distill } from './distill/distill.ts';
import { Attempt } from './exchange/attempt.ts';
import { openExchange } from './exchange/open-exchange.ts';
import { finetune } from './finetune/finetune.ts';
import { InterruptedError } from './interruption.ts';
import { createLogger, type Logger } from '../common/logger.ts';
import { prepare } from './prepare/prepare.ts';
import { validate } from './prepare/validate.ts';
import type { WorkContext } from './work-context.ts';

const usage = 'usage: node worker/main.ts <prepare|distill|finetune|validate> --spec <unit-spec.json>';
const progressSeconds = 0.5;

/** The worker's program: does what one unit spec says, and ends with one of `contract/exit-code.ts`. */
async function main(args: readonly string[]): Promise<ExitCode> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { spec: { type: 'string' } },
  });
  const [command] = positionals;
  if (values.spec === undefined) throw new InvalidInputError('unit/usage', usage);
  const spec = await readSpec(values.spec);
  const logger = createLogger({
    level: 'info',
    format: 'json',
    fields: { unit: spec.unit, attempt: spec.attempt.id },
  });
  const context = await createContext(spec, logger);
  await using _exchange = context.exchange;
  try {
    if (command === 'validate') {
      process.stdout.write(`${JSON.stringify(await validate(context))}\n`);
      return exitCode.Committed;
    }
    await work(command, context);
    return exitCode.Committed;
  } catch (error) {
    if (error instanceof InterruptedError || (context.signal.aborted && isAbort(error)))
      return exitCode.Interrupted;
    logger.error(describeError(error), { error });
    return error instanceof InvalidInputError ? exitCode.InvalidInput : exitCode.Failed;
  }
}

async function work(command: string | undefined, context: WorkContext): Promise<void> {
  const earlier = await context.attempt.committedResult();
  if (earlier !== undefined) {
    context.logger.info('An earlier attempt has committed this unit');
    await context.attempt.adopt(earlier);
    return;
  }
  switch (command) {
    case 'prepare':
      await prepare(context);
      return;
    case 'distill':
      await distill(context);
      return;
    case 'finetune':
      await finetune(context);
      return;
    default:
      throw new InvalidInputError('unit/usage', usage);
  }
}

async function readSpec(path: string): Promise<UnitSpec> {
  try {
    return unitSpecSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new InvalidInputError('unit/bad-spec', 'The unit spec is missing or is not one.', {
      where: path,
      cause,
    });
  }
}

async function createContext(spec: UnitSpec, logger: Logger): Promise<WorkContext> {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => controller.abort());
  // Whoever reads the progress is gone: commit what there is and stop, rather than break off at some later line.
  process.stdout.on('error', () => controller.abort());
  let reportedAt = Number.NEGATIVE_INFINITY;
  let activity = '';
  const exchange = await openExchange(spec, controller.signal);
  return {
    spec,
    exchange,
    attempt: await Attempt.open(spec, exchange),
    clock: systemClock,
    logger,
    cpuInfo: await readFile('/proc/cpuinfo', 'utf8').catch(() => ''),
    signal: controller.signal,
    checkpointSeconds: checkpointSeconds(process.env['BLOCKSTILL_CHECKPOINT_SECONDS']),
    report: (progress) => {
      const now = systemClock.seconds();
      if (progress.activity === activity && now - reportedAt < progressSeconds) return;
      reportedAt = now;
      activity = progress.activity;
      const { stage, unit, attempt } = spec;
      process.stdout.write(
        `${JSON.stringify({ version: contractVersion, stage, unit, attempt: attempt.id, ...progress })}\n`,
      );
    },
  };
}

function checkpointSeconds(given: string | undefined): number {
  const seconds = Number(given ?? 60);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new InvalidInputError(
    'unit/environment',
    `BLOCKSTILL_CHECKPOINT_SECONDS is "${given}", not a number of seconds.`,
  );
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${describeError(error)}\n`);
  return error instanceof InvalidInputError ? exitCode.InvalidInput : exitCode.Failed;
});
