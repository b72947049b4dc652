import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { clearUnlessRetained } from './clear-exchange.ts';

async function exchangeWith(paths: readonly string[]) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'exchange-'));
  for (const path of paths) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), '');
  }
  return folder;
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
}

test('data and checkpoints go; plan, results, blocks and student stay', async () => {
  const kept = [
    'prepare/a/plan.json',
    'prepare/a/result.json',
    'unit-000/a/result.json',
    'unit-000/a/block-000.safetensors',
    'finetune/a/student/model.json',
    'status.json',
  ];
  const gone = [
    'prepare/a/data/train-00000.bin',
    'unit-000/a/checkpoint.safetensors',
    'unit-000/b/scratch/x.f32',
  ];
  await using exchange = await exchangeWith([...kept, ...gone]);
  await clearUnlessRetained(exchange.path, { retain: 'Never', accepted: true });
  await clearUnlessRetained(exchange.path, { retain: 'Never', accepted: true });
  expect(await filesIn(exchange.path)).toEqual(kept.toSorted());
});

test.each([
  { retain: 'Never', accepted: true, left: 0 },
  { retain: 'Never', accepted: false, left: 0 },
  { retain: 'OnFailure', accepted: true, left: 0 },
  { retain: 'OnFailure', accepted: false, left: 1 },
  { retain: 'Always', accepted: true, left: 1 },
] as const)(
  'retain $retain with accepted $accepted leaves $left of one checkpoint',
  async ({ left, ...end }) => {
    await using exchange = await exchangeWith(['unit-000/a/checkpoint.safetensors']);
    await clearUnlessRetained(exchange.path, end);
    expect(await filesIn(exchange.path)).toHaveLength(left);
  },
);
