import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addReadings, type EnergyReadings } from '../../worker/contract/energy-reading.ts';
import type { Reference } from '../../worker/contract/unit-spec.ts';
import type { DistillResult } from '../../worker/contract/unit-result.ts';
import { unitCheckpointSchema } from '../../worker/distill/checkpoint.ts';
import { findEarlierWork } from '../../worker/exchange/checkpoint.ts';
import { FolderExchange } from '../../worker/exchange/folder-exchange.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { processorCounter } from './processor-counter.ts';
import { SmallJob, type RunUnit, type StartedWorker } from './small-job.ts';

let job: SmallJob;
let reference: Reference;
let run: Pick<RunUnit, 'stage' | 'blocks' | 'plan'>;

beforeAll(async () => {
  const distill = { epochs: 12, batchSize: 16, learningRate: { initial: 0.004 } };
  const threads = { prepare: 1, distill: 1, finetune: 1 };
  const execution = { device: 'CPU' as const, threads, idleBaselineSeconds: 1 };
  job = await SmallJob.create({ teacher: await networkOf(vgg()), spec: { distill, execution } });
  const prepared = await job.prepare();
  reference = prepared.reference;
  const blocks = prepared.plan.blocks.slice(0, 2).map(({ name }) => name);
  run = { stage: 'Distill', blocks, plan: reference };
});
afterAll(async () => await job[Symbol.asyncDispose]());

test('a unit says what its devices drew while it ran', async () => {
  await using counter = await processorCounter(1000);
  const worker = await job.start({
    ...run,
    unit: 'unit-metered',
    attempt: 'a1',
    environment: counter.environment,
  });
  await whileStopped(worker, () => counter.set(1123.456));
  const { energy, earlierEnergy } = await resultOf(worker, 'unit-metered', 'a1');
  expectJoules(energy, 123.456);
  expect(energy).toEqual([
    expect.objectContaining({
      device: 'package-0',
      kind: 'CPU',
      method: 'Counter',
      estimatedSeconds: 0,
      // The counter stood still before the unit began.
      idleWatts: 0,
    }),
  ]);
  expect(energy[0]?.seconds).toBeGreaterThan(0);
  expect(earlierEnergy).toBeUndefined();
});

test('a unit that is killed outright goes on to the same bits, with what its checkpoint knew of its energy', async () => {
  await using counter = await processorCounter(1000);
  const { environment } = counter;
  const unit = 'unit-killed';
  const often = { ...environment, BLOCKSTILL_CHECKPOINT_SECONDS: '0' };
  const first = await job.start({ ...run, unit, attempt: 'a1', environment: often });
  await whileStopped(first, () => counter.set(1040));
  await expect.poll(() => savedJoules(unit), { timeout: 60_000 }).toBeCloseTo(40, 3);
  // Of this the last checkpoint may know, or not.
  await counter.set(1065);
  first.process.kill('SIGKILL');
  expect((await first.ended).code).toBeNull();
  const known = await savedJoules(unit);
  expect([40, 65]).toContain(Math.round(known ?? Number.NaN));

  const second = await job.start({ ...run, unit, attempt: 'a2', environment });
  await whileStopped(second, () => counter.set(1365));
  const resumed = await resultOf(second, unit, 'a2');
  expectJoules(resumed.energy, 300);
  expect(resumed.earlierEnergy?.map(({ device, joules }) => [device, joules])).toEqual([
    ['package-0', known],
  ]);
  expectJoules(addReadings(resumed.earlierEnergy ?? [], resumed.energy), known! + 300);

  const unmetered = { BLOCKSTILL_POWERCAP: '/nowhere' };
  const undisturbed = await job.run({ ...run, unit: 'unit-whole', attempt: 'a1', environment: unmetered });
  expect(weightsOf(resumed)).toEqual(weightsOf(undisturbed as DistillResult));
  expect(undisturbed.energy).toEqual([
    expect.objectContaining({
      device: 'CPU',
      joules: null,
      reason: '/nowhere has no intel-rapl zone, as in most virtual machines and containers',
    }),
  ]);
});

/** Does something between two steps of a worker that trains. */
async function whileStopped({ process, ended }: StartedWorker, act: () => Promise<void>): Promise<void> {
  const training = new Promise<void>((resolve) => {
    process.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('"Training"')) resolve();
    });
  });
  const tooEarly = ended.then(({ stderr }) => {
    throw new Error(`The worker has ended: ${stderr}`);
  });
  // It will end later, too, when nobody waits for it to train.
  tooEarly.catch(() => undefined);
  await Promise.race([training, tooEarly]);
  process.kill('SIGSTOP');
  await act();
  process.kill('SIGCONT');
}

async function resultOf({ ended }: StartedWorker, unit: string, attempt: string): Promise<DistillResult> {
  const { code, stderr } = await ended;
  expect(code, stderr).toBe(0);
  return (await job.result(unit, attempt)) as DistillResult;
}

/** What the furthest checkpoint at a unit says of the processor. */
async function savedJoules(unit: string): Promise<number | null | undefined> {
  const exchange = new FolderExchange(job.exchange);
  const folders = await exchange.folders(unit);
  const sources = folders.map((attempt) => {
    const path = join(unit, attempt, 'checkpoint.safetensors');
    return { readStart: (bytes: number) => exchange.readStart(path, bytes), find: () => exchange.find(path) };
  });
  const all = { schema: unitCheckpointSchema, belongs: () => true, fits: () => true };
  const { checkpoint } = await findEarlierWork(sources, all);
  return checkpoint?.state.energy.find(({ kind }) => kind === 'CPU')?.joules;
}

function expectJoules(readings: EnergyReadings, joules: number): void {
  expect(readings).toHaveLength(1);
  const [reading] = readings;
  expect(reading?.joules).not.toBeNull();
  expect(Math.abs(reading!.joules! - joules), `${reading!.joules} for ${joules}`).toBeLessThan(
    0.001 * joules,
  );
}

function weightsOf({ blocks }: DistillResult) {
  return blocks.map(({ weights }) => weights?.digest);
}
