import { join } from 'node:path';

/**
 * Starts the worker of this checkout with the Node that runs this: from its sources, so that there is nothing to build.
 * What runs in a pod is the same program as one file (`scripts/bundle.ts`); a test holds both to the same digests.
 */
export const workerCommand: readonly string[] = [
  process.execPath,
  join(import.meta.dirname, '../worker/main.ts'),
];
