import type { Prepared, TrainingAmount } from './observed.ts';
import type { Unit } from './units.ts';

/** Seconds that a unit should take on the device that prepare measured, without start-up. */
export function predictedUnitSeconds(unit: Unit, prepared: Prepared, training: TrainingAmount): number {
  const steps = stepsOf(prepared, training);
  const students = profilesOf(unit, prepared).reduce((total, block) => total + block.stepSeconds, 0) * steps;
  return students + predictedPrefixSeconds(unit, prepared, teacherBatches(prepared, training));
}

/** Seconds of the teacher from its input to the unit's last block, over `batches` batches. */
export function predictedPrefixSeconds(unit: Unit, prepared: Prepared, batches: number): number {
  return Math.max(0, ...profilesOf(unit, prepared).map((block) => block.prefixSeconds)) * batches;
}

/** Training steps of each block when nothing stops it early. */
export function stepsOf(prepared: Prepared, training: TrainingAmount): number {
  return training.steps ?? training.epochs * stepsAnEpoch(prepared, training);
}

/** Batches that the teacher must be run on when a unit keeps the activations of as many passes as there are. */
export function teacherBatches(prepared: Prepared, training: TrainingAmount): number {
  const distinct = training.passes * stepsAnEpoch(prepared, training);
  return Math.min(stepsOf(prepared, training), distinct);
}

/**
 * Seconds of fine-tuning, roughly: a step costs the teacher's forward pass, and the student's forward and backward pass
 * at no more than three times as much.
 */
export function predictedFinetuneSeconds(prepared: Prepared, training: TrainingAmount): number {
  const { plan, profile } = prepared;
  const samples = plan.dataset.samples.train * training.finetuneEpochs;
  return (samples / plan.batchSize) * profile.teacherSeconds * 4;
}

function stepsAnEpoch({ plan }: Prepared, { batchSize }: TrainingAmount): number {
  return Math.ceil(plan.dataset.samples.train / batchSize);
}

function profilesOf(unit: Unit, { profile }: Prepared) {
  return profile.blocks.filter((block) => unit.blocks.includes(block.name));
}
