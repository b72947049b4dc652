import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadNetwork } from './load.ts';
import { conv1x1, float32, floats, functional, inputLayer, layer, modelJson } from './testing/model-json.ts';

describe('reading files', () => {
  const topology = functional([inputLayer(), layer('Conv2D', 'conv', ['image'], conv1x1)], 'conv');
  const weights = [float32('conv/kernel', [1, 1, 1, 1])];

  test('a folder stands for the model.json in it', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-models-'));
    await writeFile(join(folder.path, 'model.json'), JSON.stringify(modelJson(topology, weights)));
    await writeFile(join(folder.path, 'w.bin'), floats(7));
    const fromFolder = await loadNetwork(folder.path);
    const fromFile = await loadNetwork(join(folder.path, 'model.json'));
    expect(fromFolder.weights).toEqual(fromFile.weights);
  });

  test.each(['../w.bin', '/etc/passwd', 'a/../../w.bin', '..\\w.bin', 'C:\\w.bin'])(
    'a shard path may not leave the folder: %s',
    async (path) => {
      await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-models-'));
      await mkdir(join(folder.path, 'model'));
      await writeFile(join(folder.path, 'w.bin'), floats(7));
      await writeFile(
        join(folder.path, 'model', 'model.json'),
        JSON.stringify(modelJson(topology, weights, [path])),
      );
      await expect(loadNetwork(join(folder.path, 'model'))).rejects.toMatchObject({
        code: 'model/shard-path',
      });
    },
  );

  test('missing models, missing shards and broken JSON are told apart', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-models-'));
    await expect(loadNetwork(join(folder.path, 'nowhere'))).rejects.toMatchObject({
      code: 'model/not-found',
    });
    await writeFile(join(folder.path, 'model.json'), '{');
    await expect(loadNetwork(folder.path)).rejects.toMatchObject({ code: 'model/not-json' });
    await writeFile(join(folder.path, 'model.json'), JSON.stringify(modelJson(topology, weights)));
    await expect(loadNetwork(folder.path)).rejects.toMatchObject({ code: 'model/shard-missing' });
  });

  test('a digest that does not fit is refused', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-models-'));
    await writeFile(join(folder.path, 'model.json'), JSON.stringify(modelJson(topology, weights)));
    await writeFile(join(folder.path, 'w.bin'), floats(7));
    await expect(loadNetwork(folder.path, { digest: 'sha256:00' })).rejects.toMatchObject({
      code: 'model/changed',
    });
  });
});
