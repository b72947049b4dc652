import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { clearExchange } from './clear-exchange.ts';

test('data and checkpoints go; plan, results, blocks and student stay', async () => {
  const exchange = await mkdtemp(join(tmpdir(), 'exchange-'));
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
  for (const path of [...kept, ...gone]) {
    await mkdir(dirname(join(exchange, path)), { recursive: true });
    await writeFile(join(exchange, path), '');
  }
  await clearExchange(exchange);
  await clearExchange(exchange);
  const left = await readdir(exchange, { recursive: true, withFileTypes: true });
  const files = left.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files.map((file) => file.slice(exchange.length + 1)).sort()).toEqual(kept.toSorted());
  await rm(exchange, { recursive: true });
});
