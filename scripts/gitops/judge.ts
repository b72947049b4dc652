import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOfJson } from '../../common/digest.ts';
import { cacheFolder } from '../cache-folder.ts';
import { sourcesOf, type GoModule } from '../cluster/go-module.ts';
import { foreignDefinitions } from './foreign-definitions.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The Go module of the program that says what Argo CD, Flux and kstatus make of a job. */
export const judgeModule: GoModule = {
  folder: join(root, 'test', 'gitops', 'judge'),
  name: 'the judge of health',
  otherwise: 'do without the tests of GitOps',
};

/** Without symbols: a quarter smaller. */
export const judgeLinkerOptions = '-s -w';

/** The folder in the cache with the program as its module is now, and with definitions of others; it may not be there yet. */
export async function gitopsFolder(): Promise<string> {
  const digest = digestOfJson({
    sources: await sourcesOf(judgeModule.folder),
    linker: judgeLinkerOptions,
    definitions: foreignDefinitions,
    processor: process.arch,
  });
  return join(cacheFolder(), `gitops-${digest.slice('sha256:'.length, 'sha256:'.length + 16)}`);
}

/** Reads one question from its standard input, and answers it. */
export async function judgeProgram(): Promise<string> {
  return join(await gitopsFolder(), 'judge');
}

/** Where the definitions of resources lie that Argo CD and Flux bring along. */
export async function definitionsFolder(): Promise<string> {
  return join(await gitopsFolder(), 'definitions');
}
