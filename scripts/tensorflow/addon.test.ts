import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { installedAddon } from './install.ts';

test('the addon names its own source files, and not where they lay when it was built', async () => {
  const packageFolder = dirname(
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu/package.json'),
  );
  const addon = await readFile(installedAddon(packageFolder), 'latin1');
  expect(addon.includes('./binding/tfjs_backend.cc')).toBe(true);
  expect(addon.includes('node_modules')).toBe(false);
});
