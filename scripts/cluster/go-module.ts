import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { digestOfBytes, type Digest } from '../../common/digest.ts';

/** A Go module of this repository out of which a program for tests is built. */
export interface GoModule {
  readonly folder: string;
  /** What is built, for messages: "Kubernetes". */
  readonly name: string;
  /** What else a machine without Go can do, for messages; a part of a sentence. */
  readonly otherwise: string;
}

/** Path and digest of every source file of a module. */
export async function sourcesOf(folder: string): Promise<readonly (readonly [string, Digest])[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = names
    .filter((entry) => entry.isFile() && /\.(?:go|mod|sum)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return await Promise.all(
    paths.map(async (path) => [relative(folder, path), digestOfBytes(await readFile(path))] as const),
  );
}

/** The version of a module that another one requires, such as `v1.35.4`. */
export async function requiredVersion(folder: string, module: string): Promise<string> {
  const text = await readFile(join(folder, 'go.mod'), 'utf8');
  const line = text.split('\n').find((candidate) => candidate.startsWith(`require ${module} `));
  const version = line?.split(' ')[2];
  if (version === undefined) throw new Error(`${folder}/go.mod requires no version of ${module}.`);
  return version;
}
