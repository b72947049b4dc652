import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const packages = join(import.meta.dirname, '..', '..', 'node_modules');

/** A super-resolution network for inputs of any size. */
export const upscalerFolder = join(packages, '@upscalerjs', 'default-model', 'models');

/** Writes a model that nsfwjs keeps as modules (topology as an object, shards as base64) the way `model.save` does. */
export async function writeNsfwModel(name: 'mobilenet_v2' | 'inception_v3', folder: string): Promise<void> {
  const source = join(packages, 'nsfwjs', 'dist', 'models', name);
  const contentOf = (file: string): unknown => {
    const content = require(join(source, file)) as { default?: unknown };
    return content.default ?? content;
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.json'), JSON.stringify(contentOf('model.min.js')));
  for (const file of (await readdir(source)).filter((each) => each.startsWith('group1'))) {
    await writeFile(
      join(folder, file.replace('.min.js', '')),
      Buffer.from(String(contentOf(file)), 'base64'),
    );
  }
}
