import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BlockstillError } from '../common/error.ts';

/**
 * Starts the worker of this checkout with the Node that runs this: from its sources, so that there is nothing to build.
 * What runs in a pod is the same program as one file (`scripts/bundle.ts`); a test holds both to the same digests.
 *
 * @throws BlockstillError `setup/no-worker`: the command line in the operator's image has none
 */
export function workerCommand(): readonly string[] {
  const program = join(import.meta.dirname, '../worker/main.ts');
  if (!existsSync(program)) {
    throw new BlockstillError('setup/no-worker', 'Here is no worker, so no job can be run or validated.', {
      hint: 'Use bin/blockstill of a checkout of Blockstill, or create the job in a cluster.',
    });
  }
  return [process.execPath, program];
}
