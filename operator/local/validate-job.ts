import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BlockstillError, InvalidInputError } from '../../common/error.ts';
import { writeJsonAtomically } from '../../common/files.ts';
import { workerEnvironment } from '../../worker/contract/environment.ts';
import { exitCode } from '../../worker/contract/exit-code.ts';
import { toldSpec } from '../../worker/contract/job-spec.ts';
import { contractVersion } from '../../worker/contract/primitives.ts';
import type { UnitSpec } from '../../worker/contract/unit-spec.ts';
import { validationReportSchema, type ValidationReport } from '../../worker/contract/validation-report.ts';
import type { LocalJob } from './local-job.ts';
import { lastErrorIn } from './worker-log.ts';

export interface ValidateOptions {
  readonly workerCommand: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** A folder for what the check needs, removed by the caller. */
  readonly folder: string;
}

/**
 * Lets a worker check teacher and data, without training.
 *
 * @throws InvalidInputError `run/invalid-input` with what the worker found wrong
 */
export async function validateJob(job: LocalJob, options: ValidateOptions): Promise<ValidationReport> {
  const { workerCommand, environment, folder } = options;
  const specPath = join(folder, 'unit-spec.json');
  await writeJsonAtomically(specPath, unitSpec(job, folder));
  const [program = '', ...programArguments] = workerCommand;
  const { precision } = job.compiled.spec.execution;
  try {
    const { stdout } = await promisify(execFile)(
      program,
      [...programArguments, 'validate', '--spec', specPath],
      {
        env: { ...environment, ...workerEnvironment({ precision }), CUDA_VISIBLE_DEVICES: '-1' },
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    return validationReportSchema.parse(JSON.parse(stdout));
  } catch (error) {
    throw explained(error, job);
  }
}

function unitSpec(job: LocalJob, exchange: string): UnitSpec {
  return {
    version: contractVersion,
    job: { namespace: job.namespace, name: job.name, uid: job.uid },
    stage: 'Prepare',
    unit: 'prepare',
    attempt: { id: 'validate', number: 1 },
    spec: toldSpec(job.compiled.spec),
    specDigest: job.specDigests.Prepare,
    teacherDigest: job.teacherDigest,
    exchange,
  };
}

function explained(error: unknown, job: LocalJob): Error {
  if (!(error instanceof Error && 'stderr' in error && typeof error.stderr === 'string')) {
    return error instanceof Error ? error : new Error(String(error));
  }
  const message = lastErrorIn(error.stderr) ?? 'The worker ended without saying why.';
  const context = { where: job.name, cause: error };
  return 'code' in error && error.code === exitCode.InvalidInput
    ? new InvalidInputError('run/invalid-input', message, { where: job.name })
    : new BlockstillError('run/validate-failed', message, context);
}
