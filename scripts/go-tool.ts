import { join } from 'node:path';
import { digestOfJson } from '../common/digest.ts';
import { cacheFolder } from './cache-folder.ts';
import type { BuildOptions } from './cluster/go-build.ts';
import { sourcesOf, type GoModule } from './cluster/go-module.ts';

/** Programs for tests that are built from a Go module of this repository, once a machine. */
export interface GoTool {
  readonly module: GoModule;
  /** Begins the name of its folder in the cache. */
  readonly cacheName: string;
  /** The package of each program, by its name. */
  readonly programs: Readonly<Record<string, string>>;
  /** With its version, for messages: "Helm v4.3.1". */
  title(): Promise<string>;
  linkerOptions(): Promise<string>;
  /** Build tags. */
  readonly tags?: readonly string[];
  /** What decides the build besides the sources of the module and the processor. Default: the linker's options. */
  readonly facts?: object;
  /** For messages: how long the build takes, and how much room it and its result need. */
  readonly cost: { readonly time: string; readonly build: string; readonly result: string };
  /** Puts into the folder what belongs there besides the programs. */
  addTo?(folder: string, go: string, options: BuildOptions): Promise<void>;
}

/** Without symbols: a quarter smaller. */
export const withoutSymbols = '-s -w';

/** The folder in the cache with the programs built from the module as it is now; it may not be there yet. */
export async function goToolFolder(tool: GoTool): Promise<string> {
  const digest = digestOfJson({
    sources: await sourcesOf(tool.module.folder),
    ...(tool.facts ?? { linker: await tool.linkerOptions() }),
    processor: process.arch,
  }).slice('sha256:'.length);
  return join(cacheFolder(), `${tool.cacheName}-${digest.slice(0, 16)}`);
}
