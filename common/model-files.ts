import { readFile, stat } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import * as z from 'zod';
import { digestOfBytes, digestOfFile, digestOfJson, type Digest } from './digest.ts';

const shardNames = z.object({ weightsManifest: z.array(z.object({ paths: z.array(z.string()) })) });

/** One digest for a `model.json` and its weight files, from the digest of each. */
export function modelDigest(digests: ReadonlyMap<string, Digest>): Digest {
  return digestOfJson(Object.fromEntries(digests));
}

/**
 * The digest of a TensorFlow.js LayersModel as its files are now: a `model.json`, or the folder that holds it. Undefined
 * when there is none that can be read whole; whoever loads the model says what is wrong with it.
 */
export async function digestOfModel(path: string): Promise<Digest | undefined> {
  try {
    const file = (await stat(path)).isDirectory() ? join(path, 'model.json') : path;
    const bytes = await readFile(file);
    const digests = new Map([['model.json', digestOfBytes(bytes)]]);
    for (const shard of shardNamesIn(bytes)) {
      const beside = shardFile(file, shard);
      if (beside === undefined) return undefined;
      digests.set(shard, await digestOfFile(beside));
    }
    return modelDigest(digests);
  } catch {
    return undefined;
  }
}

function shardNamesIn(modelJson: Buffer): readonly string[] {
  const { weightsManifest } = shardNames.parse(JSON.parse(modelJson.toString('utf8')));
  return weightsManifest.flatMap(({ paths }) => paths);
}

/** The weight files that a `model.json` names; none when it names them in no way that is known. */
export function shardsOf(modelJson: Buffer): readonly string[] {
  try {
    return shardNamesIn(modelJson);
  } catch {
    return [];
  }
}

/** Where a weight file lies that `model.json` names; undefined when that is outside of the model's folder. */
export function shardFile(modelJson: string, shard: string): string | undefined {
  const normal = posix.normalize(shard.replaceAll('\\', '/'));
  const outside = posix.isAbsolute(normal) || normal.split('/').includes('..') || /^[A-Za-z]:/.test(normal);
  return outside ? undefined : join(dirname(modelJson), normal);
}
