import { createHash } from 'node:crypto';
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../common/digest.ts';
import type { UnitResult } from '../../worker/contract/unit-result.ts';
import { distilled } from '../decide/builders.ts';
import { verifyResult, type ExpectedResult } from './verify-result.ts';

const weights = 'some weights';
const weightsDigest: Digest = `sha256:${createHash('sha256').update(weights).digest('hex')}`;
const zeros: Digest = `sha256:${'0'.repeat(64)}`;

/** A committed unit of block `a`, as the builder makes it, with its weights in place. */
function result(path = 'weights', change: Partial<UnitResult> = {}): UnitResult {
  const artifact = { path, bytes: weights.length, digest: weightsDigest };
  const attempt = distilled('unit-000', 'a', { weights: artifact });
  return { ...attempt.result?.value, ...change } as UnitResult;
}

async function verify(written: unknown, change: Partial<ExpectedResult> = {}) {
  await using exchange = await mkdtempDisposable(join(tmpdir(), 'blockstill-verify-'));
  const folder = join(exchange.path, 'unit-000/attempt-001');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'weights'), weights);
  await writeFile(join(exchange.path, 'weights'), weights);
  if (written !== undefined) await writeFile(join(folder, 'result.json'), JSON.stringify(written));
  return await verifyResult({
    exchange: exchange.path,
    jobUid: 'job',
    specDigest: zeros,
    stage: 'Distill',
    unit: 'unit-000',
    attempt: 'attempt-001',
    planDigest: zeros,
    blocks: ['a'],
    depth: 'Everything',
    ...change,
  });
}

describe('a result', () => {
  it('counts when it belongs to the unit and every file is what it says', async () => {
    const written = result();
    const digest = `sha256:${createHash('sha256').update(JSON.stringify(written)).digest('hex')}`;
    expect(await verify(written)).toEqual({
      kind: 'Valid',
      result: { value: written, reference: { path: 'unit-000/attempt-001/result.json', digest } },
    });
  });

  it('is none when there is no file', async () => {
    expect(await verify(undefined)).toEqual({ kind: 'None' });
  });

  it.each([
    { why: 'it is not a unit result', written: { version: 1 } },
    { why: 'it belongs to another job', written: result(), change: { jobUid: 'other' } },
    { why: 'it belongs to another unit', written: result('weights', { unit: 'unit-001' }) },
    { why: 'it was made from another spec', written: result(), change: { specDigest: weightsDigest } },
    { why: 'it was made from another plan', written: result(), change: { planDigest: weightsDigest } },
    { why: 'it has other blocks', written: result(), change: { blocks: ['a', 'b'] } },
    { why: 'missing is missing', written: result('missing') },
    // A path that leads out of the attempt's folder.
    { why: 'it is not a unit result', written: result('../../weights') },
    { why: 'result.json is not the file that was committed', written: result('result.json') },
  ])('does not count: $why', async ({ why, written, change }) => {
    expect(await verify(written, change)).toEqual({
      kind: 'Refused',
      message: `unit-000/attempt-001/result.json is ignored: ${why}. The unit is run again.`,
    });
  });
});
