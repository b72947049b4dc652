import { createHash } from 'node:crypto';
import { mkdtempDisposable, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestOfModel } from './model-files.ts';

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

async function model(paths: readonly string[]) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-model-'));
  const json = JSON.stringify({ weightsManifest: [{ paths, weights: [] }] });
  await writeFile(join(folder.path, 'model.json'), json);
  await writeFile(join(folder.path, 'a.bin'), 'weights');
  return { json, path: folder.path, [Symbol.asyncDispose]: async () => await folder.remove() };
}

describe('the digest of a model', () => {
  it('is that of the digests of model.json and each weight file, by name', async () => {
    await using made = await model(['a.bin']);
    const digests = { 'a.bin': sha256('weights'), 'model.json': sha256(made.json) };
    expect(await digestOfModel(made.path)).toBe(sha256(JSON.stringify(digests)));
    expect(await digestOfModel(join(made.path, 'model.json'))).toBe(await digestOfModel(made.path));
  });

  it('is unknown when a file is missing, or lies elsewhere', async () => {
    await using outside = await model(['../a.bin']);
    expect(await digestOfModel(outside.path)).toBeUndefined();
    await using cut = await model(['a.bin']);
    await rm(join(cut.path, 'a.bin'));
    expect(await digestOfModel(cut.path)).toBeUndefined();
    expect(await digestOfModel(join(cut.path, 'nowhere'))).toBeUndefined();
  });
});
