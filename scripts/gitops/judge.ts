import { dirname, join } from 'node:path';
import type { GoModule } from '../cluster/go-module.ts';
import { goToolFolder, withoutSymbols, type GoTool } from '../go-tool.ts';
import { fetchDefinitions, foreignDefinitions } from './foreign-definitions.ts';

const root = dirname(dirname(import.meta.dirname));

const module: GoModule = {
  folder: join(root, 'test', 'gitops', 'judge'),
  name: 'the judge of health',
  otherwise: 'do without the tests of GitOps',
};

/** The program that says what Argo CD, Flux and kstatus make of a job, and definitions of resources of theirs. */
export const judge: GoTool = {
  module,
  cacheName: 'gitops',
  programs: { judge: '.' },
  title: async () => 'the libraries of Argo CD and Flux',
  linkerOptions: async () => withoutSymbols,
  facts: { linker: withoutSymbols, definitions: foreignDefinitions },
  cost: { time: 'about two minutes on two cores', build: '2 GB', result: '100 MB' },
  addTo: async (folder, go, options) => await fetchDefinitions(go, join(folder, 'definitions'), options),
};

export async function gitopsFolder(): Promise<string> {
  return await goToolFolder(judge);
}

/** Reads one question from its standard input, and answers it. */
export async function judgeProgram(): Promise<string> {
  return join(await gitopsFolder(), 'judge');
}

/** Where the definitions of resources lie that Argo CD and Flux bring along. */
export async function definitionsFolder(): Promise<string> {
  return join(await gitopsFolder(), 'definitions');
}
