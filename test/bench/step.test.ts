import { spawnSync } from 'node:child_process';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Comparison, ShapeTimes } from './compare.ts';

test('the benchmark measures every variant that can run here and names those that cannot', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-bench-'));
  const output = join(folder.path, 'step.json');
  const small = ['--shapes', '4@4', '--batch', '2', '--rounds', '2', '--steps', '2', '--threads', '1'];
  const { BLOCKSTILL_PYTHON: _, ...environment } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'step.ts'), ...small, '--output', output],
    { encoding: 'utf8', env: environment },
  );
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toContain('SKIPPED Keras layers: BLOCKSTILL_PYTHON is not set');
  const report = JSON.parse(await readFile(output, 'utf8')) as {
    shapes: ShapeTimes[];
    comparisons: Comparison[];
  };
  const rounds = report.shapes[0]?.rounds ?? {};
  expect(Object.keys(rounds)).toEqual(['training graph', 'training graph, BFloat16', 'tfjs-node model.fit']);
  for (const times of Object.values(rounds)) {
    expect(times).toHaveLength(2);
    expect(times.every((time) => time > 0)).toBe(true);
  }
  expect(report.comparisons.map(({ variant }) => variant)).toContain('tfjs-node model.fit');
});
