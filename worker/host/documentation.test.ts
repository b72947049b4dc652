import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createWorkerMetrics } from './worker-metrics.ts';

it('every metric of a worker is in the documentation, and none that does not exist', async () => {
  const page = await readFile(new URL('../../docs/monitoring.md', import.meta.url), 'utf8');
  const rows = page.matchAll(/^\| `(?:blockstill_worker|process)_.*?(?=\| )/gm);
  const documented = [...rows].flatMap(([cell]) => cell.match(/[a-z]+_[a-z_]+/g) ?? []);
  const state = { progress: undefined, toldAt: 0, energy: undefined, residentBytes: 1 };
  const { text } = await createWorkerMetrics(() => state).expose();
  const exposed = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  expect(documented.sort()).toEqual(exposed.sort());
});
