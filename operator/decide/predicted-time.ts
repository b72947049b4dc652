import { activationTier, type ActivationTier } from '../../worker/contract/activation-tier.ts';
import type { PlanFacts } from '../../worker/contract/unit-facts.ts';
import type { Measured, Prepared, TrainingAmount } from './observed.ts';
import type { Unit } from './units.ts';

type PlannedBlock = PlanFacts['blocks'][number];

/** A block with what prepare measured of it. */
export interface TimedBlock extends PlannedBlock {
  readonly stepSeconds: number;
  readonly prefixSeconds: number;
}

/** The plan's blocks in its order, each with its times. */
export function timedBlocks({ plan, profile }: Measured): TimedBlock[] {
  const times = new Map(profile.blocks.map((block) => [block.name, block]));
  return plan.blocks.map((block) => {
    const { stepSeconds = 0, prefixSeconds = 0 } = times.get(block.name) ?? {};
    return { ...block, stepSeconds, prefixSeconds };
  });
}

/**
 * Seconds that some blocks should take together on the device that prepare measured, without start-up: their own steps,
 * and the teacher up to the last of them once for all.
 */
export function predictedSeconds(
  blocks: readonly TimedBlock[],
  measured: Measured,
  training: TrainingAmount,
): number {
  const batches = teacherBatches(tierOf(blocks, measured, training), measured, training);
  const students = blocks.reduce((total, block) => total + block.stepSeconds, 0);
  return students * stepsOf(measured, training) + prefixOf(blocks) * batches;
}

export function predictedUnitSeconds(unit: Unit, prepared: Prepared, training: TrainingAmount): number {
  return predictedSeconds(blocksOf(unit, prepared), prepared, training);
}

/** Seconds of the teacher from its input to the unit's last block, over `batches` batches. */
export function predictedPrefixSeconds(unit: Unit, prepared: Prepared, batches: number): number {
  return prefixOf(blocksOf(unit, prepared)) * batches;
}

/** Where a unit should have its activations from. */
export function predictedTier(unit: Unit, prepared: Prepared, training: TrainingAmount): ActivationTier {
  return tierOf(blocksOf(unit, prepared), prepared, training);
}

/** Training steps of each block when nothing stops it early. */
export function stepsOf(measured: Measured, training: TrainingAmount): number {
  return training.steps ?? training.epochs * stepsAnEpoch(measured, training);
}

/**
 * Batches that the teacher is run on: every sample of every pass once to fill a cache; without one, and where every epoch
 * is fresh so that none can hold them, those of every step and of the validation after every epoch.
 */
export function teacherBatches(tier: ActivationTier, measured: Measured, training: TrainingAmount): number {
  const { train, validation } = measured.plan.dataset.samples;
  const batches = (samples: number): number => Math.ceil(samples / measured.plan.batchSize);
  if (tier !== 'Recompute' && Number.isFinite(training.passes)) {
    return training.passes * batches(train) + batches(validation);
  }
  const steps = stepsOf(measured, training);
  return steps + Math.ceil(steps / stepsAnEpoch(measured, training)) * batches(validation);
}

/**
 * Seconds of fine-tuning, roughly: a step costs the teacher's forward pass, and the student's forward and backward pass
 * at no more than three times as much.
 */
export function predictedFinetuneSeconds({ plan, profile }: Measured, training: TrainingAmount): number {
  const samples = plan.dataset.samples.train * training.finetuneEpochs;
  return (samples / plan.batchSize) * profile.teacherSeconds * 4;
}

/** Training takes full batches only. */
function stepsAnEpoch({ plan }: Measured, { batchSize }: TrainingAmount): number {
  return Math.max(1, Math.floor(plan.dataset.samples.train / batchSize));
}

/** In a branching network the block that comes last may not be the one that is reached last. */
function prefixOf(blocks: readonly TimedBlock[]): number {
  return blocks.reduce((longest, block) => Math.max(longest, block.prefixSeconds), 0);
}

function tierOf(
  blocks: readonly PlannedBlock[],
  { plan }: Measured,
  { cache, passes }: TrainingAmount,
): ActivationTier {
  const boundaries = new Map<string, readonly number[]>();
  for (const { input, output, inputShape, outputShape } of blocks) {
    boundaries.set(input, inputShape).set(output, outputShape);
  }
  return activationTier({ shapes: [...boundaries.values()], samples: plan.dataset.samples, passes }, cache);
}

function blocksOf(unit: Unit, prepared: Prepared): TimedBlock[] {
  return timedBlocks(prepared).filter((block) => unit.blocks.includes(block.name));
}
