import * as z from 'zod';
import { orNull, text, time } from './fields.ts';

export const segmentKinds = [
  'Prepare',
  'Baseline',
  'StartUp',
  'Teacher',
  'Training',
  'Other',
  'Running',
  'Killed',
  'Finetune',
  'Idle',
] as const;

const segment = z.strictObject({
  lane: z.int().describe('The index of its lane.'),
  kind: z
    .enum(segmentKinds)
    .describe(
      'Prepare. Baseline: the serial run that speedup is measured against. StartUp: starting the process, loading TensorFlow and data. Teacher: teacher passes, loading and evaluation shared by the blocks of a unit. Training: steps of one block. Other: start-up and teacher passes, where only the status is known. Running: not ended. Killed: an attempt that ended without a result. Finetune. Idle: nothing ran on this lane while others trained.',
    ),
  start: z.number().describe('Seconds after the origin.'),
  end: z.number().describe('Seconds after the origin.'),
  blocks: z.array(z.string()).describe('The blocks that it is about.'),
  attempt: orNull(z.int(), 'The number of the attempt; null where it is none or unknown.'),
  note: orNull(z.string(), 'What else is known of it, such as how the attempt ended.'),
});

const pause = z.strictObject({
  start: z.number().describe('Seconds after the origin.'),
  end: z.number().describe('Seconds after the origin.'),
});

export const timelineSchema = z.strictObject({
  origin: time('The moment that seconds are counted from.'),
  seconds: z.number().describe('Seconds from the origin to the last end.'),
  basis: z
    .enum(['Attempts', 'Status'])
    .describe(
      "Attempts: each attempt as its files tell it, or each pod as the status remembers it. Status: from the blocks' first start to their end, which hides the attempts in between.",
    ),
  lanes: z
    .array(
      z.strictObject({ device: text('The device, and its node if it has one.'), label: text('Its name.') }),
    )
    .describe('One row for each worker that a device had at once.'),
  segments: z.array(segment).describe('What ran, lane by lane.'),
  suspensions: z.array(pause).describe('When the job was suspended, or nobody ran it.'),
  secondsByKind: z
    .array(
      z.strictObject({
        kind: z.enum(segmentKinds).describe('As in segments.'),
        seconds: z.number().describe('Seconds of all lanes together.'),
      }),
    )
    .describe('Where the time went.'),
});

export type Timeline = z.output<typeof timelineSchema>;
export type Segment = Timeline['segments'][number];
export type SegmentKind = Segment['kind'];
