import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import type { UnitSpec } from '../contract/unit-spec.ts';
import { openExchange } from './open-exchange.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const signal = new AbortController().signal;

function unitSpec(exchange: string): UnitSpec {
  const spec = { storage: { s3: { region: 'us-east-1', forcePathStyle: false } } };
  return { unit: 'unit-000', attempt: { id: 'a1', number: 1 }, exchange, spec } as unknown as UnitSpec;
}

test.each([
  ['/work/exchange', '/work/exchange'],
  ['file:///work/my%20exchange', '/work/my exchange'],
])('%s is a folder that is used as it is', async (uri, root) => {
  await using exchange = await openExchange(unitSpec(uri), signal);
  expect(exchange.root).toBe(root);
});

test('one on S3 gets a new mirror in the scratch folder, which goes when it is closed', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'scratch-'));
  const scratch = join(folder.path, 'not', 'yet', 'there');
  vi.stubEnv('BLOCKSTILL_SCRATCH', scratch);
  const exchanges = [
    await openExchange(unitSpec('s3://bucket/jobs/small'), signal),
    await openExchange(unitSpec('s3://bucket/jobs/small'), signal),
  ];
  expect((await readdir(scratch)).map((name) => join(scratch, name)).toSorted()).toEqual(
    exchanges.map(({ root }) => root).toSorted(),
  );
  for (const exchange of exchanges) await exchange[Symbol.asyncDispose]();
  expect(await readdir(scratch)).toEqual([]);
});

test('an S3 URI without a bucket is bad input', async () => {
  await expect(openExchange(unitSpec('s3:///jobs'), signal)).rejects.toMatchObject({
    code: 'storage/bad-uri',
  });
});
