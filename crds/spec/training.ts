import * as z from 'zod';
import { withRules } from '../with-rules.ts';
import { decimal, integer } from './fields.ts';

function optimizer(path: string) {
  return withRules(
    path,
    z.strictObject({
      name: z.enum(['SGD', 'RMSprop', 'Adam', 'AdamW']).default('Adam').describe('The optimizer.'),
      momentum: decimal(0, 0.9999)
        .optional()
        .describe(
          'SGD and RMSprop only: share of the last update that is kept. Default: 0.9 for SGD, 0 for RMSprop.',
        ),
      nesterov: z.boolean().optional().describe("SGD only: Nesterov's momentum. Default: true."),
      rho: decimal(0, 0.9999)
        .optional()
        .describe('RMSprop only: decay of the mean squared gradient. Default: 0.9.'),
      beta1: decimal(0, 0.9999)
        .optional()
        .describe('Adam and AdamW only: decay of the mean gradient. Default: 0.9.'),
      beta2: decimal(0, 0.99999)
        .optional()
        .describe('Adam and AdamW only: decay of the mean squared gradient. Default: 0.999.'),
      epsilon: z
        .number()
        .gt(0)
        .max(1)
        .optional()
        .describe(
          'RMSprop, Adam and AdamW only: added to the divisor against division by zero. Default: 1e-7, as in Keras.',
        ),
      weightDecay: decimal(0, 1)
        .optional()
        .describe(
          'AdamW only: share of a weight, times the learning rate, that is taken off each step. Default: 0.004, as in Keras.',
        ),
    }),
  );
}

function learningRate(path: string, initial: number) {
  return withRules(
    path,
    z.strictObject({
      initial: z
        .number()
        .gt(0)
        .max(10)
        .default(initial)
        .describe('The learning rate after warm-up, from which the schedule falls.'),
      schedule: z
        .enum(['Constant', 'Exponential', 'Cosine'])
        .default('Cosine')
        .describe(
          'How the learning rate falls. Cosine: along half a cosine to finalFraction at the last step. Exponential: times decayRate every decaySteps. Constant: not at all.',
        ),
      warmupSteps: integer(0, 1_000_000)
        .default(100)
        .describe(
          'Steps over which the learning rate rises linearly from 0 at the start; at most a tenth of all steps is used for it.',
        ),
      decaySteps: integer(1, 100_000_000)
        .optional()
        .describe('Exponential only: steps until the rate has fallen by decayRate once. Default: 3000.'),
      decayRate: z
        .number()
        .gt(0)
        .max(1)
        .optional()
        .describe('Exponential only: the factor by which the rate falls every decaySteps. Default: 0.96.'),
      staircase: z
        .boolean()
        .optional()
        .describe('Exponential only: fall in steps of decaySteps, not smoothly. Default: true.'),
      finalFraction: decimal(0, 1)
        .optional()
        .describe('Cosine only: the rate at the last step as a share of initial. Default: 0.'),
    }),
  );
}

const earlyStopping = z.strictObject({
  patience: integer(1, 1000)
    .default(3)
    .describe('Epochs without a better validation loss after which a block stops.'),
  minDelta: decimal(0, 1e6)
    .default(0)
    .describe(
      'What counts as better: the validation loss must fall below the best one so far by more than this. Example: 0.001.',
    ),
});

const batchSize = integer(1, 65536).default(64);

export const distill = withRules(
  'spec.distill',
  z.strictObject({
    epochs: integer(1, 100_000)
      .optional()
      .describe(
        'Passes over the training samples for each block. Exclusive with steps. Default: 10, when steps is not given either.',
      ),
    steps: integer(1, 100_000_000)
      .optional()
      .describe('Training steps (batches) for each block. Exclusive with epochs.'),
    batchSize: batchSize.describe('Samples in a training step.'),
    optimizer: optimizer('spec.distill.optimizer')
      .prefault({})
      .describe('The optimizer of the replacements.'),
    learningRate: learningRate('spec.distill.learningRate', 2e-3)
      .prefault({})
      .describe('The learning rate of the replacements.'),
    loss: z
      .enum(['NormalizedMSE', 'MSE'])
      .default('NormalizedMSE')
      .describe(
        "What a replacement minimises against the teacher's activation. NormalizedMSE: mean squared error divided by the target's mean square, so that one learning rate suits all blocks. MSE: as it is.",
      ),
    earlyStopping: earlyStopping
      .optional()
      .describe(
        'Stop a block when its validation loss no longer improves. Off unless given: the cosine schedule is at its best at its end.',
      ),
    onUnitFailure: z
      .enum(['Fail', 'KeepTeacher'])
      .default('Fail')
      .describe(
        "What happens when a unit has used up its attempts. Fail: the job fails. KeepTeacher: its blocks stay the teacher's and the job goes on.",
      ),
  }),
);

export const finetune = z.strictObject({
  epochs: integer(0, 100_000)
    .default(3)
    .describe('Passes over the training samples, end to end, after stitching. 0: no fine-tuning.'),
  batchSize: batchSize.describe('Samples in a training step.'),
  optimizer: optimizer('spec.finetune.optimizer')
    .prefault({})
    .describe('The optimizer of the whole student.'),
  learningRate: learningRate('spec.finetune.learningRate', 1e-3)
    .prefault({})
    .describe('The learning rate of the whole student.'),
  temperature: z
    .number()
    .gt(0)
    .max(100)
    .default(3)
    .describe(
      "Both networks' logits are divided by this before they are compared (Kullback-Leibler divergence); larger shows more of the teacher's second choices. Usually 1 to 8.",
    ),
  labelWeight: decimal(0, 1)
    .default(0.5)
    .describe(
      "The share of the loss that comes from the labels; the rest comes from the teacher's logits. Data without labels uses the teacher alone.",
    ),
});

export type OptimizerFields = z.output<ReturnType<typeof optimizer>>;
export type LearningRateFields = z.output<ReturnType<typeof learningRate>>;
export type Distill = z.output<typeof distill>;
export type Finetune = z.output<typeof finetune>;
