import { fileURLToPath } from 'node:url';
import { BlockstillError } from '../../common/error.ts';
import { lastLines, runCommand } from './command.ts';

/** What a training step on this machine told about it. */
export interface Proof {
  readonly version: string;
  readonly device: 'CPU' | 'GPU';
}

interface StepReport extends Proof {
  readonly correct: boolean;
}

/** Trains one step with a result that is known in advance. */
export async function proveTraining(signal: AbortSignal): Promise<Proof> {
  const program = fileURLToPath(new URL('training-step.ts', import.meta.url));
  const result = await runCommand(process.execPath, [program], {
    signal,
    environment: { TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  const report = result.code === 0 ? readReport(result.stdout) : undefined;
  if (report === undefined) {
    throw new BlockstillError(
      'setup/training-failed',
      'TensorFlow is installed but a training step did not run.',
      {
        hint: `It needs Linux with glibc and a processor with AVX. The step said:\n${lastLines(result.stderr)}`,
      },
    );
  }
  if (!report.correct) {
    throw new BlockstillError(
      'setup/training-wrong',
      'TensorFlow is installed but a training step gave a wrong result.',
      {
        hint: 'This library cannot be trusted on this machine. Remove it from the cache, or name another in BLOCKSTILL_TENSORFLOW_DIR.',
      },
    );
  }
  return { version: report.version, device: report.device };
}

function readReport(text: string): StepReport | undefined {
  try {
    // TensorFlow may print before it; the report is the last line.
    return JSON.parse(text.trim().split('\n').at(-1) ?? '') as StepReport;
  } catch {
    return undefined;
  }
}
