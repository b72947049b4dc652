import { readFile } from 'node:fs/promises';
import { requestStop } from '../stop.ts';
import { badSpec, parseUnitSpec } from './read-unit-spec.ts';
import type { Host } from './host.ts';

/** A worker that another process on this machine has started: the spec is a file, progress goes to standard output. */
export function localHost(specFile: string): Host {
  return {
    readSpec: async () => {
      const text = await readFile(specFile, 'utf8').catch((cause: unknown) => {
        throw badSpec(specFile, cause);
      });
      return parseUnitSpec(text, specFile);
    },
    begin: async () => {
      // Whoever reads the progress is gone: commit what there is and stop, rather than break off at some later line.
      process.stdout.on('error', requestStop);
    },
    report: (progress) => void process.stdout.write(`${JSON.stringify(progress)}\n`),
    watch: () => undefined,
    // Whoever started it looks into the exchange, and into its log.
    committed: async () => undefined,
    failed: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
