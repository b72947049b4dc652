import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { systemClock } from '../kube/clock.ts';
import { flags } from './flags.ts';
import { createMetrics } from './metrics/prometheus-metrics.ts';

const page = await readFile(new URL('../../docs/operator.md', import.meta.url), 'utf8');

it('every option and every metric is in the documentation, and none that does not exist', async () => {
  const options = new Set(
    [...page.matchAll(/^\| .*?(?=\| )/gm)].flatMap(([cell]) => cell.match(/--[a-z][a-z0-9-]+/g) ?? []),
  );
  expect([...options].sort()).toEqual(flags.map(({ name }) => `--${name}`).sort());
  const { text } = await createMetrics(systemClock).expose();
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name);
  const own = names.filter((name) => !/^(process|nodejs)_/.test(name));
  const metrics = new Set(page.match(/`[a-z]+_[a-z_]+`/g)?.map((name) => name.slice(1, -1)));
  expect([...metrics].sort()).toEqual(own.sort());
});
