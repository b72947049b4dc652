import { dirname, posix } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import type { Digest } from '../../common/digest.ts';
import { planSchema, type Plan } from '../contract/plan.ts';
import { openDataset, type Dataset } from '../data/dataset.ts';
import { indexFileName, readIndex } from '../data/dataset-index.ts';
import { mapInOrder } from '../data/map-in-order.ts';
import { filesOf } from '../data/verify-files.ts';
import { readVerified } from '../exchange/attempt.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { loadNetwork } from '../models/load.ts';
import { modelFileNames } from '../models/save.ts';
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
  const path = await context.exchange.fetch(reference.path, reference.digest);
  const plan = planSchema.parse(JSON.parse((await readVerified(path, reference.digest)).toString('utf8')));
  const inExchange = (part: string): string => posix.join(posix.dirname(reference.path), part);
  const dataset = await openDataset(
    await fetchDataset(context.exchange, inExchange(plan.dataset.path), plan),
    {
      digest: plan.dataset.digest,
      signal: context.signal,
    },
  );
  return {
    plan,
    planDigest: reference.digest,
    teacher: await loadNetwork(await fetchModel(context.exchange, inExchange(plan.teacher.path)), {
      digest: plan.teacher.digest,
      signal: context.signal,
    }),
    dataset,
    device: deviceOf(context.spec),
    [Symbol.dispose]: () => dataset[Symbol.dispose](),
  };
}

const fetchesAtOnce = 4;

/** The folder of the materialised data on this machine, all of it. */
async function fetchDataset(exchange: Exchange, path: string, { dataset }: Plan): Promise<string> {
  const folder = dirname(await exchange.fetch(posix.join(path, indexFileName), dataset.digest));
  const { index } = await readIndex(folder);
  const fetches = mapInOrder(filesOf(index), fetchesAtOnce, ({ file, digest }) =>
    exchange.fetch(posix.join(path, file), digest),
  );
  for await (const _ of fetches);
  return folder;
}

/** The folder of prepare's copy of the teacher on this machine; loading it checks its digest. */
async function fetchModel(exchange: Exchange, path: string): Promise<string> {
  const [first] = await Promise.all(modelFileNames.map((name) => exchange.fetch(posix.join(path, name))));
  return dirname(first ?? path);
}
