import { canonicalJson } from '../../common/digest.ts';
import { contractVersion } from '../contract/primitives.ts';
import type { BaselineResult, DistillResult } from '../contract/unit-result.ts';
import { createPause } from '../interruption.ts';
import { peakMemory } from '../peak-memory.ts';
import { openPlatform } from '../platform.ts';
import { openPlan } from '../teacher/open-plan.ts';
import type { WorkContext } from '../work-context.ts';
import { newBlockTraining, type BlockTraining } from './block-training.ts';
import { commitBlock, finishBlocks } from './finish-blocks.ts';
import { measureBlocks } from './measure-blocks.ts';
import { reportTraining } from './report-training.ts';
import { trainBlocks, type Cursor, type TrainingContext } from './train-blocks.ts';
import { trainingLength } from './training-length.ts';
import { UnitCheckpoints, type UnitState } from './unit-checkpoints.ts';
import { openUnit, type Unit } from './unit.ts';

/** A block that collapsed is trained once more, at a lower learning rate. */
const maxTrainings = 2;

/**
 * Trains the blocks of one unit and commits the result. As a baseline it does the same work, and keeps no weights.
 *
 * Continues from the furthest checkpoint of an earlier attempt, to the same bits as if nothing had happened.
 */
export async function distill(context: WorkContext): Promise<DistillResult | BaselineResult> {
  const startTime = context.clock.now();
  using inputs = await openPlan(context);
  const { plan, planDigest } = inputs;
  const platform = openPlatform(context, plan.threads.distill);
  context.report({
    activity: 'Preparing the graph',
    fraction: null,
    samplesPerSecond: null,
    etaSeconds: null,
    blocks: [],
  });
  using unit = openUnit(context, inputs);
  const pause = createPause(context.clock.seconds, context.signal);
  const blocks: BlockTraining[] = unit.blocks.map((graph) => newBlockTraining(graph, 1));
  const shared: UnitState['shared'] = { seconds: 0, earlierEnergy: undefined };
  const trained = { steps: 0, seconds: 0, images: 0 };
  const checkpoints = new UnitCheckpoints(context, {
    unit,
    blocks,
    shared,
    platform: canonicalJson(platform),
    planDigest,
  });
  const training: TrainingContext = {
    session: unit.session,
    source: unit.source,
    spec: context.spec.spec,
    samples: plan.dataset.samples,
    seconds: context.clock.seconds,
    charge: (seconds) => (shared.seconds += seconds),
    stepped: ({ seconds, images }) => {
      trained.steps += 1;
      trained.seconds += seconds;
      trained.images += images;
    },
    between: async () => undefined,
  };

  unit.initialise(blocks.map(({ graph }) => graph));
  const cursor: Cursor = (await checkpoints.resume()) ?? { epoch: 0, step: 0 };
  const filling = context.clock.seconds();
  context.report({
    activity: "Caching the teacher's activations",
    fraction: null,
    samplesPerSecond: null,
    etaSeconds: null,
    blocks: [],
  });
  await unit.fill(pause);
  shared.seconds += context.clock.seconds() - filling;

  do {
    const since = { seconds: context.clock.seconds(), steps: stepsDone(training, cursor) };
    const between = async (at: Cursor): Promise<void> => {
      reportTraining(context, blocks, { cursor: at, samples: plan.dataset.samples.train, since, trained });
      await checkpoints.whenDue(at, pause);
    };
    await trainBlocks({ ...training, between }, blocks, cursor);
    // Judging takes a while and can be interrupted; the training before it is not done again.
    await checkpoints.save(cursor);
    const unjudged = blocks.filter(({ state }) => state.verdict === null);
    await finishBlocks({ work: context, inputs, unit, training, between: pause }, unjudged);
    Object.assign(cursor, { epoch: 0, step: 0 });
  } while (await retryCollapsed({ unit, blocks, checkpoints, cursor }));

  const stage = context.spec.stage === 'Baseline' ? 'Baseline' : 'Distill';
  // Of training: what is timed afterwards has graphs of its own, which take more.
  const memory = await peakMemory(platform.device, context.energy);
  const latencies = await measureBlocks({ work: context, inputs, unit, between: pause }, blocks);
  const committed = await Promise.all(
    blocks.map((block, index) =>
      commitBlock(context, block, { index, latency: latencies.get(block.state.name) }),
    ),
  );
  const { earlierEnergy } = shared;
  const result: DistillResult | BaselineResult = {
    version: contractVersion,
    stage,
    jobUid: context.spec.job.uid,
    unit: context.spec.unit,
    attempt: context.spec.attempt.id,
    specDigest: context.spec.specDigest,
    planDigest,
    platform,
    startTime: startTime.toISOString(),
    completionTime: context.clock.now().toISOString(),
    seconds: shared.seconds + blocks.reduce((sum, { state }) => sum + state.seconds, 0),
    sharedSeconds: shared.seconds,
    energy: await context.energy.mark(),
    ...(earlierEnergy === undefined ? {} : { earlierEnergy }),
    peakMemory: memory,
    activations: unit.source.tier,
    blocks: committed,
  };
  await context.attempt.commit(result);
  return result;
}

function stepsDone({ spec, samples }: TrainingContext, { epoch, step }: Cursor): number {
  return epoch * trainingLength(spec, samples.train).stepsPerEpoch + step;
}

/** Starts the second training of the blocks that collapsed in their first; says whether there are any. */
async function retryCollapsed(options: {
  unit: Unit;
  blocks: BlockTraining[];
  checkpoints: UnitCheckpoints;
  cursor: Cursor;
}): Promise<boolean> {
  const { unit, blocks, checkpoints, cursor } = options;
  let any = false;
  for (const [index, { graph, state }] of blocks.entries()) {
    if (state.verdict?.collapsed === undefined || state.training >= maxTrainings) continue;
    unit.initialise([graph]);
    blocks[index] = newBlockTraining(graph, state.training + 1, state.seconds);
    any = true;
  }
  await checkpoints.save(cursor);
  return any;
}
