// First: it listens for signals while the rest is loaded.
import { stopSignal } from './stop.ts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeError, InvalidInputError } from '../common/error.ts';
import { systemClock } from './clock.ts';
import { exitCode, type ExitCode } from './contract/exit-code.ts';
import { podEnvironment } from './contract/pod.ts';
import { contractVersion, type Stage } from './contract/primitives.ts';
import type { UnitResult } from './contract/unit-result.ts';
import type { UnitSpec } from './contract/unit-spec.ts';
import { distill } from './distill/distill.ts';
import { EnergyMeter } from './energy/energy-meter.ts';
import { Attempt } from './exchange/attempt.ts';
import type { Exchange } from './exchange/exchange.ts';
import { openExchange } from './exchange/open-exchange.ts';
import { finetune } from './finetune/finetune.ts';
import type { Host } from './host/host.ts';
import { failureWords, interruptedWords } from './host/last-words.ts';
import { localHost } from './host/local-host.ts';
import { PodHost } from './host/pod-host.ts';
import { InterruptedError } from './interruption.ts';
import { createLogger, type Logger } from '../common/logger.ts';
import { deviceOf } from './platform.ts';
import { prepare } from './prepare/prepare.ts';
import { validate } from './prepare/validate.ts';
import type { UnmeteredContext, WorkContext } from './work-context.ts';

const usage = `usage: node worker/main.ts <prepare|baseline|distill|finetune|validate> [--spec <unit-spec.json>]
Without --spec the unit spec is in ${podEnvironment.unitSpec}, as in a pod.`;
const progressSeconds = 0.5;

const stages: Readonly<Record<Stage, (context: WorkContext) => Promise<UnitResult>>> = {
  Prepare: prepare,
  Baseline: distill,
  Distill: distill,
  Finetune: finetune,
};

/** The worker's program: does what one unit spec says, and ends with one of `contract/exit-code.ts`. */
async function main(args: readonly string[]): Promise<ExitCode> {
  const { command, specFile } = commandLine(args);
  await using host = specFile === undefined ? new PodHost({ environment: process.env }) : localHost(specFile);
  let logger: Logger | undefined;
  try {
    if (!isStage(command) && !(command === 'validate' && specFile !== undefined)) throw usageError();
    const spec = await host.readSpec();
    logger = createLogger({
      level: 'info',
      format: 'json',
      fields: { unit: spec.unit, attempt: spec.attempt.id },
    });
    await using exchange = await openExchange(spec, stopSignal);
    await work(command, { host, context: await createContext(spec, { host, logger, exchange }) });
    return exitCode.Committed;
  } catch (error) {
    const interrupted = error instanceof InterruptedError || (stopSignal.aborted && isAbort(error));
    if (!interrupted) say(logger, error);
    const words = interrupted ? interruptedWords(command) : failureWords(error);
    // It ends for the reason that is in the log already, whether or not that can be told elsewhere, too.
    await host.failed(words).catch((cause: unknown) => say(logger, cause));
    return interrupted ? exitCode.Interrupted : exitCodeOf(error);
  }
}

function commandLine(args: readonly string[]): { command: string; specFile: string | undefined } {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { spec: { type: 'string' } },
  });
  if (values.spec === undefined && process.env[podEnvironment.unitSpec] === undefined) throw usageError();
  return { command: positionals[0] ?? '', specFile: values.spec };
}

function isStage(command: string): boolean {
  return Object.keys(stages).some((stage) => stage.toLowerCase() === command);
}

function usageError(): InvalidInputError {
  return new InvalidInputError('unit/usage', usage);
}

async function work(
  command: string,
  { host, context }: { host: Host; context: UnmeteredContext },
): Promise<void> {
  if (command === 'validate') {
    process.stdout.write(`${JSON.stringify(await validate(context))}\n`);
    return;
  }
  const { attempt, logger, spec } = context;
  if (spec.stage.toLowerCase() !== command)
    throw new InvalidInputError('unit/usage', `The unit spec is for ${spec.stage}, not for ${command}.`);
  const earlier = await attempt.committedResult();
  if (earlier !== undefined) logger.info('An earlier attempt has committed this unit');
  const result = await (earlier === undefined ? metered(host, context) : attempt.adopt(earlier));
  await host.committed(result, attempt);
}

/** Does the unit's work while the energy of its devices is measured. */
async function metered(host: Host, context: UnmeteredContext): Promise<UnitResult> {
  const { spec, signal } = context;
  await using energy = await EnergyMeter.start({
    device: deviceOf(spec),
    environment: process.env,
    idleBaselineSeconds: spec.spec.execution.idleBaselineSeconds,
    signal,
  });
  host.watch(energy);
  return await stages[spec.stage]({ ...context, energy });
}

async function createContext(
  spec: UnitSpec,
  { host, logger, exchange }: { host: Host; logger: Logger; exchange: Exchange },
): Promise<UnmeteredContext> {
  await host.begin(logger);
  const attempt = await Attempt.open(spec, exchange);
  let reportedAt = Number.NEGATIVE_INFINITY;
  let activity = '';
  return {
    spec,
    exchange,
    attempt,
    scratch: scratchFolder(spec, process.env[podEnvironment.scratch]) ?? attempt.path('scratch'),
    clock: systemClock,
    logger,
    cpuInfo: await readFile('/proc/cpuinfo', 'utf8').catch(() => ''),
    signal: stopSignal,
    checkpointSeconds: checkpointSeconds(process.env['BLOCKSTILL_CHECKPOINT_SECONDS']),
    report: (progress) => {
      const now = systemClock.seconds();
      if (progress.activity === activity && now - reportedAt < progressSeconds) return;
      reportedAt = now;
      activity = progress.activity;
      const { stage, unit } = spec;
      host.report({ version: contractVersion, stage, unit, attempt: spec.attempt.id, ...progress });
    },
  };
}

/** Workers of several units may be given the same folder. */
function scratchFolder({ job, unit, attempt }: UnitSpec, given: string | undefined): string | undefined {
  return given ? join(given, job.uid, unit, attempt.id) : undefined;
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

function exitCodeOf(error: unknown): ExitCode {
  return error instanceof InvalidInputError ? exitCode.InvalidInput : exitCode.Failed;
}

function say(logger: Logger | undefined, error: unknown): void {
  if (logger === undefined) process.stderr.write(`${describeError(error)}\n`);
  else logger.error(describeError(error), { error });
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  say(undefined, error);
  return exitCodeOf(error);
});
