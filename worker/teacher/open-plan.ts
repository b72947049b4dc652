import { dirname, join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import type { Digest } from '../../common/digest.ts';
import { planSchema, type Plan } from '../contract/plan.ts';
import { openDataset, type Dataset } from '../data/dataset.ts';
import { readVerified } from '../exchange/attempt.ts';
import { loadNetwork } from '../models/load.ts';
import type { Network } from '../models/network.ts';
import { deviceOf } from '../platform.ts';
import type { WorkContext } from '../work-context.ts';

/** What prepare left for the later stages, verified. */
export interface PlannedInputs extends Disposable {
  readonly plan: Plan;
  readonly planDigest: Digest;
  readonly teacher: Network;
  readonly dataset: Dataset;
  readonly device: 'CPU' | 'GPU';
}

/**
 * Reads the plan that the unit spec names, and what the plan names.
 *
 * @throws BlockstillError `unit/no-plan`, `storage/changed` when the digest differs.
 */
export async function openPlan(context: WorkContext): Promise<PlannedInputs> {
  const reference = context.spec.plan;
  if (reference === undefined) {
    throw new BlockstillError('unit/no-plan', 'The unit spec names no plan.', { where: context.spec.unit });
  }
  const path = join(context.spec.exchange, reference.path);
  const plan = planSchema.parse(JSON.parse((await readVerified(path, reference.digest)).toString('utf8')));
  const folder = dirname(path);
  const dataset = await openDataset(join(folder, plan.dataset.path), {
    digest: plan.dataset.digest,
    signal: context.signal,
  });
  return {
    plan,
    planDigest: reference.digest,
    teacher: await loadNetwork(join(folder, plan.teacher.path), {
      digest: plan.teacher.digest,
      signal: context.signal,
    }),
    dataset,
    device: deviceOf(context.spec),
    [Symbol.dispose]: () => dataset[Symbol.dispose](),
  };
}
