import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { BlockstillError } from '../common/error.ts';

/** In the npm package, command line and worker are bundles that lie side by side. */
const isBundled = extname(import.meta.filename) === '.mjs';

/**
 * Starts the worker that belongs to this command line with the Node that runs it. In a checkout that is its sources, so that
 * there is nothing to build. What runs in a pod is the same program as one file (`scripts/bundle.ts`); a test holds both to
 * the same digests.
 *
 * @throws BlockstillError `setup/no-worker`: the command line in the operator's image has none
 */
export function workerCommand(): readonly string[] {
  const program = join(import.meta.dirname, isBundled ? 'worker.mjs' : '../worker/main.ts');
  if (!existsSync(program)) {
    throw new BlockstillError('setup/no-worker', 'Here is no worker, so no job can be run or validated.', {
      hint: 'Use bin/blockstill of a checkout of Blockstill, or create the job in a cluster.',
    });
  }
  return [process.execPath, program];
}

/**
 * The npm package has no TensorFlow in it, which a checkout has set up before it starts anything (decision 0015).
 *
 * @throws BlockstillError `run/no-tensorflow`
 */
export function requireTensorFlow(): void {
  if (!isBundled) return;
  try {
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node');
  } catch (cause) {
    throw new BlockstillError(
      'run/no-tensorflow',
      "This installation can't train: TensorFlow is not part of it.",
      {
        hint:
          'Run the job from a checkout of the repository, after `make setup` there; or in a cluster: `kubectl apply -f` the ' +
          'manifest. Validating, simulating, status and reports work here.',
        cause,
      },
    );
  }
}
