import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { customResourceDefinition } from '../crds/custom-resource-definition.ts';
import { staleChartFiles } from './generate.ts';

test('the generated files of the chart are those that follow from their sources', async () => {
  expect(await staleChartFiles()).toEqual([]);
});

test("the chart's definition of the resource is the one of the schema", async () => {
  const text = await readFile(new URL('blockstill/files/definition.yaml', import.meta.url), 'utf8');
  const { spec } = JSON.parse(JSON.stringify(customResourceDefinition())) as { spec: unknown };
  // As Helm and Kubernetes read it.
  expect(parse(text, { version: '1.1' })).toEqual({ spec });
});
