import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOfBytes, digestOfFile, type Digest } from '../../common/digest.ts';
import { artifactsOf, type ArtifactDepth } from '../../worker/contract/artifacts.ts';
import { planSchema, profileSchema } from '../../worker/contract/plan.ts';
import type { Artifact, Stage } from '../../worker/contract/primitives.ts';
import {
  resultFile,
  unitResultSchema,
  type PrepareResult,
  type UnitResult,
} from '../../worker/contract/unit-result.ts';
import type { LocalPrepared, LocalResult } from './local-attempt.ts';

export interface ExpectedResult {
  /** The exchange folder of the job; references are relative to it. */
  readonly exchange: string;
  readonly jobUid: string;
  readonly specDigest: Digest;
  readonly stage: Stage;
  readonly unit: string;
  readonly attempt: string;
  /** Absent for prepare, and while it isn't known. */
  readonly planDigest?: Digest | undefined;
  readonly blocks?: readonly string[] | undefined;
  readonly depth: ArtifactDepth;
}

export type Verification =
  | { readonly kind: 'None' }
  | { readonly kind: 'Valid'; readonly result: LocalResult }
  /** There is one, but it does not count. */
  | { readonly kind: 'Refused'; readonly message: string };

/** Reads an attempt's result and believes it only when it belongs to this unit and every file is what it says. */
export async function verifyResult(expected: ExpectedResult): Promise<Verification> {
  const folder = join(expected.exchange, expected.unit, expected.attempt);
  const path = join(expected.unit, expected.attempt, resultFile);
  const bytes = await readFile(join(folder, resultFile)).catch(() => undefined);
  if (bytes === undefined) return { kind: 'None' };
  const value = parsed(bytes);
  if (value === undefined) return refused(path, 'it is not a unit result');
  const foreign = mismatch(value, expected);
  if (foreign !== undefined) return refused(path, foreign);
  for (const artifact of artifactsOf(value, expected.depth)) {
    const damage = await damageOf(folder, artifact);
    if (damage !== undefined) return refused(path, damage);
  }
  return { kind: 'Valid', result: { value, reference: { path, digest: digestOfBytes(bytes) } } };
}

/**
 * Plan and profile of a verified prepare result.
 *
 * @throws when a file does not parse, though its digest is right: a defect of the worker that wrote it
 */
export async function readPrepared(
  exchange: string,
  attempt: { unit: string; id: string },
  result: PrepareResult,
): Promise<Omit<LocalPrepared, 'units'>> {
  const path = (artifact: Artifact): string => join(attempt.unit, attempt.id, artifact.path);
  const document = async (artifact: Artifact): Promise<unknown> =>
    JSON.parse(await readFile(join(exchange, path(artifact)), 'utf8'));
  return {
    plan: planSchema.parse(await document(result.plan)),
    profile: profileSchema.parse(await document(result.profile)),
    reference: { path: path(result.plan), digest: result.plan.digest },
  };
}

function parsed(bytes: Buffer): UnitResult | undefined {
  try {
    return unitResultSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}

function mismatch(result: UnitResult, expected: ExpectedResult): string | undefined {
  if (result.jobUid !== expected.jobUid) return 'it belongs to another job';
  if (result.stage !== expected.stage || result.unit !== expected.unit) return 'it belongs to another unit';
  if (result.specDigest !== expected.specDigest) return 'it was made from another spec';
  if (result.stage === 'Prepare') return undefined;
  if (expected.planDigest !== undefined && result.planDigest !== expected.planDigest)
    return 'it was made from another plan';
  if (result.stage === 'Finetune' || expected.blocks === undefined) return undefined;
  const same = result.blocks.map(({ name }) => name).join() === expected.blocks.join();
  return same ? undefined : 'it has other blocks';
}

async function damageOf(folder: string, artifact: Artifact): Promise<string | undefined> {
  const path = join(folder, artifact.path);
  const size = (await stat(path).catch(() => undefined))?.size;
  if (size === undefined) return `${artifact.path} is missing`;
  const same = size === artifact.bytes && (await digestOfFile(path)) === artifact.digest;
  return same ? undefined : `${artifact.path} is not the file that was committed`;
}

function refused(path: string, why: string): Verification {
  return { kind: 'Refused', message: `${path} is ignored: ${why}. The unit is run again.` };
}
