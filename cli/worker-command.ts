import { join } from 'node:path';

/** Starts the worker of this checkout with the Node that runs this. */
export const workerCommand: readonly string[] = [
  process.execPath,
  join(import.meta.dirname, '../worker/main.ts'),
];
