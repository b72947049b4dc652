import * as z from 'zod';
import { withRules } from '../with-rules.ts';
import { decimal, integer, listMap, setList, sha256, shortName, text, uri } from './fields.ts';

const modelFormat = z.enum(['LayersModel']);

export const teacher = withRules(
  'spec.teacher',
  z.strictObject({
    uri: uri().describe(
      'The folder that holds model.json and its weight files, or model.json itself: file:///... on a mounted volume, s3://bucket/key, or https://... together with sha256; in a local run also a path relative to the manifest. Example: file:///models/resnet50/model.json.',
    ),
    format: modelFormat
      .default('LayersModel')
      .describe(
        'How the teacher is stored. LayersModel: a TensorFlow.js layers model, as tensorflowjs_converter and model.save() write it.',
      ),
    sha256: sha256()
      .optional()
      .describe(
        'SHA-256 of model.json, 64 hexadecimal digits. Required for https; checked whenever it is given. The weight files are pinned by prepare when it first reads them.',
      ),
  }),
);

const block = z.strictObject({
  name: shortName().describe(
    'The name of the block in the status and the report, at most 63 characters. Example: stage3.',
  ),
  from: text(256).describe(
    "The teacher's first layer in the block, by its Keras name. Example: conv3_block1_1_conv.",
  ),
  to: text(256).describe(
    "The teacher's last layer in the block, by its Keras name. All paths between the two belong to the block. Example: conv3_block4_out.",
  ),
  replacement: shortName()
    .optional()
    .describe(
      'The name of the candidate in spec.replacement that takes the place of this block. Without it, the only one.',
    ),
});

export const partition = withRules(
  'spec.partition',
  z.strictObject({
    strategy: z
      .enum(['Convolutions', 'Stages', 'Explicit'])
      .default('Convolutions')
      .describe(
        'How blocks are found. Convolutions: each 3x3 convolution with the batch normalisation and activation that follow it. Stages: runs of layers at whose ends resolution or channels change. Explicit: those listed in blocks.',
      ),
    blocks: listMap(block, ['name'], 128)
      .default([])
      .describe(
        'The blocks of strategy Explicit, at most 128; must be empty otherwise. They must not overlap.',
      ),
  }),
);

const candidate = z.strictObject({
  name: shortName()
    .default('default')
    .describe('The name of the candidate, for the status and for partition.blocks[].replacement.'),
  kind: z
    .enum(['SeparablePair'])
    .default('SeparablePair')
    .describe(
      "What a replacement is made of. SeparablePair: two 3x3 depthwise separable convolutions with the block's stride, dilation and output channels, ending in the block's own last activation. A block of inverted residuals becomes a narrower or shallower one of its kind.",
    ),
  repeats: integer(1, 8)
    .default(2)
    .describe('How many separable convolutions take the place of one convolution.'),
  unitRatio: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe(
      'For a block that spans several residual units: how many repeats it gets, as a share of its units, rounded up. Example: 0.5 gives two repeats for four units.',
    ),
  batchNorm: z
    .boolean()
    .default(true)
    .describe('Put a batch normalisation after each separable convolution.'),
});

export const replacement = z.strictObject({
  candidates: listMap(candidate, ['name'], 1)
    .min(1)
    .default([{ name: 'default', kind: 'SeparablePair', repeats: 2, unitRatio: 0.5, batchNorm: true }])
    .describe(
      'What may take the place of a block: exactly one in v1alpha1. A replacement that is not cheaper than its block is refused, and the status says so.',
    ),
});

export const stitch = z.strictObject({
  maxScoreDrop: decimal(0, 1)
    .default(0.05)
    .describe(
      "A block is replaced when the full teacher with only this block swapped loses at most this much accuracy on the validation split. 0.05 is five points; the original authors' runs allowed 0.15.",
    ),
  maxStitchedDrop: decimal(0, 1)
    .optional()
    .describe(
      "Blocks are swapped in best first; when the stitched network has lost more than this on the validation split, the block that did it stays the teacher's. Not watched by default: fine-tuning recovers far larger drops.",
    ),
  recalibrationBatches: integer(0, 10000)
    .default(100)
    .describe(
      'Training batches, without augmentation, over which batch normalisation statistics are averaged anew after stitching. 0: not recalibrated.',
    ),
});

export const acceptance = z.strictObject({
  maxAccuracyDrop: decimal(0, 1)
    .default(0.05)
    .describe(
      'The job fails when the best student loses more than this against the teacher on the validation split; the student is kept for inspection. 0.05 is five points.',
    ),
});

export const output = withRules(
  'spec.output',
  z.strictObject({
    uri: uri().describe(
      'The folder that the student and the report are written to, last of all: file:///... or s3://...; in a local run also a path relative to the manifest. Refused when it already holds the result of another job. Example: s3://models/resnet50-student.',
    ),
    formats: setList(modelFormat, 4)
      .min(1)
      .default(['LayersModel'])
      .describe(
        'The formats in which the student is written. LayersModel: a TensorFlow.js layers model, which tf.loadLayersModel reads.',
      ),
  }),
);

export type Partition = z.output<typeof partition>;
export type ReplacementCandidate = z.output<typeof candidate>;
export type Output = z.output<typeof output>;
