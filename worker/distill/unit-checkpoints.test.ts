import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import type { EnergyReading } from '../contract/energy-reading.ts';
import type { UnitSpec } from '../contract/unit-spec.ts';
import { Attempt } from '../exchange/attempt.ts';
import { FolderExchange } from '../exchange/folder-exchange.ts';
import type { Values } from '../graph/session.ts';
import type { WorkContext } from '../work-context.ts';
import type { BlockGraph } from './block-graph.ts';
import { newBlockTraining } from './block-training.ts';
import { UnitCheckpoints, type UnitState } from './unit-checkpoints.ts';
import type { Unit } from './unit.ts';

const digest = `sha256:${'0'.repeat(64)}` as const;
const graph = {
  block: { name: 'block-01' },
  weights: [{ name: 'kernel', shape: [1] }],
  step: { state: [] },
} as unknown as BlockGraph;

function drawn(joules: number): EnergyReading {
  const gaps = { gaps: 0, gapSeconds: 0, estimatedSeconds: 0 };
  const known = { joules, knownJoules: joules, seconds: joules / 10, meanWatts: 10 };
  return { device: 'GPU-1', kind: 'GPU', method: 'Counter', ...known, ...gaps };
}

/** An attempt at one block whose only weight is as given, on a device that has drawn so much. */
async function attemptIn(
  folder: string,
  { id, platform, weight, joules }: { id: string; platform: string; weight: number; joules: number },
) {
  const spec = { unit: 'unit-01', attempt: { id, number: 1 }, specDigest: digest } as UnitSpec;
  const context = {
    spec,
    attempt: await Attempt.open(spec, new FolderExchange(folder)),
    clock: { seconds: () => 0 },
    logger: { info: () => undefined },
    signal: new AbortController().signal,
    energy: { latest: () => [drawn(joules)] },
  } as unknown as WorkContext;
  const weights = Float32Array.of(weight);
  const session = {
    get: (names: readonly string[]) => new Map(names.map((name) => [name, weights.slice()])),
    set: (values: ReadonlyMap<string, Values>) => weights.set(values.get('kernel') ?? []),
  };
  const state: UnitState = {
    unit: { session } as unknown as Unit,
    blocks: [newBlockTraining(graph, 1)],
    shared: { seconds: 0, earlierEnergy: undefined },
    platform,
    planDigest: digest,
  };
  return { checkpoints: new UnitCheckpoints(context, state), shared: state.shared, weights };
}

test('a checkpoint of another device is not gone on from, but what was drawn for it counts from then on', async () => {
  await using folder = await mkdtempDisposable(`${tmpdir()}/unit-checkpoints-`);
  const there = await attemptIn(folder.path, { id: 'a1', platform: 'there', weight: 3, joules: 40 });
  there.shared.seconds = 4;
  await there.checkpoints.save({ epoch: 1, step: 2 });

  const here = await attemptIn(folder.path, { id: 'a2', platform: 'here', weight: 1, joules: 5 });
  expect(await here.checkpoints.resume()).toBeUndefined();
  expect(here.weights).toEqual(Float32Array.of(1));
  expect(here.shared).toEqual({ seconds: 0, earlierEnergy: [drawn(40)] });
  await here.checkpoints.save({ epoch: 0, step: 1 });

  // Back there: the weights of the first attempt, the joules of both.
  const back = await attemptIn(folder.path, { id: 'a3', platform: 'there', weight: 1, joules: 0 });
  expect(await back.checkpoints.resume()).toEqual({ epoch: 1, step: 2 });
  expect(back.weights).toEqual(Float32Array.of(3));
  expect(back.shared.seconds).toBe(4);
  expect(back.shared.earlierEnergy).toMatchObject([{ joules: 45, seconds: 4.5 }]);
});
