import * as z from 'zod';
import { status } from '../../../crds/status.ts';
import { orNull, time, unknown } from './fields.ts';

const block = status.shape.blocks.unwrap().element.shape;
const cost = z.strictObject({
  parameters: z.int().describe('The number of weights.'),
  macs: z.int().describe('Multiplications a sample.'),
});
const shape = z.array(z.int());

const epoch = z.strictObject({
  loss: orNull(z.number(), 'Mean training loss; null: not finite.'),
  validationLoss: orNull(z.number(), 'Loss on the validation split; null: not finite.'),
});

export const blockReportSchema = z.strictObject({
  name: block.name,
  layers: block.layers,
  state: block.state,
  replaced: orNull(z.boolean(), 'Whether the student has the replacement.'),
  verdict: orNull(z.string(), 'Why it was not replaced, where there is anything to say.'),
  inputShape: orNull(shape, '[height, width, channels] that it reads.'),
  outputShape: orNull(shape, '[height, width, channels] that it makes.'),
  teacherCost: orNull(cost, "The cost of the teacher's layers."),
  replacementCost: orNull(cost, 'The cost of the replacement.'),
  teacherLatency: orNull(z.number(), "Milliseconds of inference of the teacher's layers alone, a batch."),
  replacementLatency: orNull(z.number(), 'Milliseconds of inference of the replacement alone, a batch.'),
  latencyBatchSize: orNull(z.int(), 'Samples in such a batch.'),
  stepSeconds: orNull(z.number(), 'Seconds of one training step of the replacement, measured by prepare.'),
  prefixSeconds: orNull(z.number(), "Seconds of the teacher up to this block's end, a batch."),
  trainings: orNull(z.int(), '2: the first training collapsed.'),
  epochs: orNull(z.int(), 'Epochs of the last training.'),
  stopReason: orNull(z.string(), 'Finished, EarlyStopped or NotFinite.'),
  loss: orNull(z.number(), 'Mean training loss of the last epoch, normalised as the manifest says.'),
  rawLoss: orNull(z.number(), "The same times the target's mean square: plain mean squared error."),
  unexplainedVariance: orNull(z.number(), "Error as a share of the target's variance; validation split."),
  score: orNull(block.score.unwrap(), 'The full teacher with this one block swapped; validation split.'),
  scoreDrop: orNull(z.number(), 'What the teacher loses by that, 0 to 1.'),
  history: orNull(z.array(epoch), 'Each epoch of the last training.'),
  unit: orNull(z.string(), 'The unit that trained it.'),
  attempts: orNull(z.int(), 'Attempts of its unit.'),
  interrupted: orNull(z.int(), 'Attempts of its unit that ended without a result.'),
  activations: orNull(
    z.string(),
    'Memory, Disk or Recompute: where the boundary activations were read from.',
  ),
  device: orNull(z.string(), 'The device that trained it.'),
  node: orNull(z.string(), 'The node that it ran on.'),
  startTime: orNull(time('a time'), 'When its first attempt started.'),
  completionTime: orNull(time('a time'), 'When it ended.'),
  waitedSeconds: orNull(z.number(), 'From the start of the first unit of all to its own.'),
  seconds: orNull(z.number(), 'Device seconds of its training steps in all attempts.'),
  imagesPerSecond: orNull(z.number(), 'Training images a device second of its own steps.'),
  peakMemoryBytes: orNull(
    z.number(),
    'The most memory of the GPU in use, by all processes on it, while its unit trained its blocks.',
  ),
  peakHostMemoryBytes: orNull(z.number(), 'The most resident memory of the process that did so.'),
  joules: orNull(z.number(), 'Energy of all attempts.'),
  energyMethod: orNull(z.string(), 'How the energy was measured.'),
  unknown,
});

export type BlockReport = z.output<typeof blockReportSchema>;
