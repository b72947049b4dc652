import * as z from 'zod';
import { status } from '../../crds/status.ts';
import { stageSchema } from '../../worker/contract/primitives.ts';
import { blockReportSchema } from './schema/block.ts';
import { timelineSchema } from './schema/timeline.ts';
import { orNull, text, time, unknown } from './schema/fields.ts';

const { baseline, speedup, energy, teacher, student } = status.shape;

const headline = z.strictObject({
  name: text('What it is. One of Accuracy, Size, Multiplications, Latency, Speedup, Energy.'),
  value: orNull(z.string(), 'The figure with its unit, as a person reads it.'),
  detail: text('What it is compared with, and on what; or why it is unknown.'),
});

const warning = z.strictObject({
  code: text('A stable word in CamelCase, for programs.'),
  text: text('One or two sentences for people.'),
});

const accuracy = status.shape.teacher.unwrap().shape.accuracy.unwrap().shape.test.unwrap();

const accuracyRow = z.strictObject({
  stage: z
    .enum(['Teacher', 'Stitched', 'Recalibrated', 'Finetuned'])
    .describe('The teacher, or a stage of the student.'),
  chosen: z.boolean().describe('Whether this stage was kept. It is chosen on the validation split.'),
  validation: orNull(accuracy, 'On the validation split.'),
  test: orNull(accuracy, 'On the test split.'),
  unknown,
});

const stageTime = z.strictObject({
  stage: stageSchema.describe('The stage; Baseline only where a serial run was asked for.'),
  seconds: orNull(z.number(), 'Wall-clock seconds during which at least one attempt at it ran.'),
  attempts: orNull(z.int(), 'Attempts at it, of all its units.'),
  unknown,
});

const fact = z.strictObject({
  group: text('The heading that it stands under.'),
  name: text('What it is.'),
  value: orNull(z.string(), 'The figure, digest or name.'),
  reason: orNull(z.string(), 'Why value is null, or what to bear in mind about it.'),
});

/**
 * `report.json`: everything that the page shows, for programs. What is unknown is null, and `unknown` beside it says why.
 * Later versions only add fields; a change of meaning raises `version`.
 */
export const reportSchema = z.strictObject({
  version: z.literal(1).describe('The version of this form.'),
  generated: time('When the report was made.'),
  asOf: time('When the status that it was made from was written.'),
  job: z
    .strictObject({
      namespace: text('Its namespace.'),
      name: text('Its name.'),
      uid: orNull(z.string(), 'The identity of this run of it.'),
      unknown,
    })
    .describe('Which DistillationJob it is about.'),
  phase: status.shape.phase.unwrap().describe('Where the job was then.'),
  outcome: text('How it ended or how far it is, in a sentence.'),
  sources: z
    .strictObject({
      files: z.boolean().describe("Whether the job's files were read, or its status alone."),
      reason: orNull(z.string(), 'Why its files were not read; null when they were.'),
    })
    .describe('What the report was made from.'),
  headline: z.array(headline).describe('The figures that a reader wants first.'),
  warnings: z.array(warning).describe('What to bear in mind about the figures.'),
  stages: z.array(stageTime).describe('How long each stage took.'),
  timeline: orNull(timelineSchema, 'What ran where and when.'),
  accuracy: z.array(accuracyRow).describe('The teacher, then each stage of the student that was reached.'),
  teacher: orNull(teacher.unwrap(), 'The teacher, as in the status.'),
  student: orNull(student.unwrap(), 'The student, as in the status.'),
  blocks: z.array(blockReportSchema).describe("Each block, in the network's order."),
  finetuning: orNull(
    z.array(
      z.strictObject({
        loss: orNull(z.number(), 'Mean training loss of the epoch; null: not finite.'),
        validationAccuracy: orNull(z.number(), 'Accuracy on the validation split after it; null: unknown.'),
      }),
    ),
    'Each epoch of fine-tuning.',
  ),
  baseline: orNull(baseline.unwrap(), 'What speedup and saving are measured against, as in the status.'),
  speedup: orNull(speedup.unwrap(), 'What parallel training gained, as in the status.'),
  energy: orNull(energy.unwrap(), 'What it cost in energy, as in the status.'),
  facts: z.array(fact).describe('Everything else: derived figures, seeds, versions and digests.'),
  unknown,
});

export type Report = z.output<typeof reportSchema>;
export type AccuracyRow = Report['accuracy'][number];
export type Warning = Report['warnings'][number];
export type Fact = Report['facts'][number];
export type Headline = Report['headline'][number];
