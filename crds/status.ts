import * as z from 'zod';
import { atomicList, decimal, integer, listMap, pattern, setList, text, timestamp } from './spec/fields.ts';

const count = integer(0, Number.MAX_SAFE_INTEGER);
const amount = z.number().min(0).max(1e18);
const share = decimal(0, 1);
const reason = (of: string) =>
  text(512).optional().describe(`Why ${of} unknown, or what to bear in mind about it.`);

const condition = z.strictObject({
  type: pattern(/^[A-Za-z][A-Za-z0-9]*$/, 64, 'a condition type').describe(
    'Ready, Reconciling, Stalled, Suspended, Complete, Failed, Finished, or a warning.',
  ),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: pattern(/^[A-Za-z][A-Za-z0-9]*$/, 128, 'a reason in CamelCase').describe(
    'A stable word for programs.',
  ),
  message: z.string().max(4096).describe('A sentence for people: what is so, where, and what to do.'),
  lastTransitionTime: timestamp().describe('When status changed last.'),
  observedGeneration: integer(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('The generation of the resource that it was concluded from.'),
});

const accuracy = z.strictObject({
  value: share.describe('The share of samples answered rightly, 0 to 1.'),
  samples: count.describe('The number of samples it was measured on.'),
  standardError: amount.describe('The standard error of value that follows from samples.'),
  measure: z
    .enum(['Top1', 'Agreement', 'Imitation'])
    .describe(
      "Top1: against labels. Agreement: with the teacher's answer, where there are no labels. Imitation: one minus the unexplained variance of a dense output.",
    ),
});

const accuracies = z.strictObject({
  validation: accuracy.optional().describe('On the validation split, which choices are made on.'),
  test: accuracy.optional().describe('On the test split, which nothing is chosen on.'),
  reason: reason('a figure is'),
});

const latency = z.strictObject({
  batchSize: count.describe('Samples a batch.'),
  milliseconds: amount.describe('Median time of a batch in milliseconds.'),
  repeats: count.describe('How many batches were timed.'),
});

const network = {
  parameters: count.optional().describe('The number of weights.'),
  macs: count.optional().describe('Multiplications a sample in convolution, depthwise and dense layers.'),
  latency: listMap(latency, ['batchSize'], 8)
    .optional()
    .describe('Measured time of inference, by batch size.'),
  uri: text(1024).optional().describe('Where it lies.'),
  digest: text(71)
    .optional()
    .describe('SHA-256 over model.json and its weight files, as sha256:<64 hexadecimal digits>.'),
};

const teacher = z.strictObject({
  ...network,
  accuracy: accuracies.optional().describe('Its accuracy, measured by prepare.'),
});

const studentStage = z.enum(['Stitched', 'Recalibrated', 'Finetuned']);

const student = z.strictObject({
  ...network,
  stages: listMap(
    z.strictObject({
      stage: studentStage.describe(
        'Stitched: blocks swapped in. Recalibrated: batch normalisation averaged anew. Finetuned: trained end to end.',
      ),
      accuracy: accuracies.describe('The accuracy at this stage.'),
    }),
    ['stage'],
    3,
  )
    .optional()
    .describe('The accuracy at each stage that was reached.'),
  chosen: studentStage.optional().describe('The stage that was kept, chosen on the validation split.'),
});

const blockLatency = z.strictObject({
  batchSize: count.describe('Samples a batch.'),
  teacherMilliseconds: amount.describe("Median time of the teacher's layers for a batch, in milliseconds."),
  replacementMilliseconds: amount.describe('Median time of the replacement for a batch, in milliseconds.'),
  repeats: count.describe('How often both were timed.'),
});

const peakMemory = z.strictObject({
  hostBytes: count.describe('Resident memory of its process.'),
  deviceBytes: count
    .optional()
    .describe('Memory of the GPU in use, by all processes on it; absent on processors, and where unknown.'),
  reason: reason('deviceBytes is'),
});

const block = z.strictObject({
  name: text(253).describe('The name of the block, mostly that of its first layer.'),
  layers: text(520).describe("The teacher's first and last layer in it. Example: conv2d_1..relu_1."),
  state: z
    .enum(['Pending', 'Running', 'Distilled', 'Collapsed', 'Failed', 'Kept'])
    .describe(
      'Pending: not started. Running. Distilled: trained. Collapsed: no usable replacement came out. Failed: its unit used up its attempts. Kept: not to be replaced, see reason.',
    ),
  unit: text(16)
    .optional()
    .describe('The unit of the distill stage that trains it, as in pods; several blocks may share one.'),
  attempts: count.optional().describe('How many attempts its unit has had.'),
  progress: integer(0, 100).optional().describe('Percent of its training that is done.'),
  loss: amount.optional().describe('Mean training loss of the last epoch.'),
  unexplainedVariance: amount
    .optional()
    .describe(
      "Mean squared error as a share of the target's variance, on the validation split; 0 is perfect.",
    ),
  score: accuracy
    .optional()
    .describe('The full teacher with this one block swapped, on the validation split.'),
  replaced: z.boolean().optional().describe('Whether the student has the replacement.'),
  reason: text(256).optional().describe('Why the block was not replaced, or a figure is unknown.'),
  seconds: amount.optional().describe('Device seconds of all attempts.'),
  joules: amount.optional().describe('Energy of all attempts.'),
  latency: blockLatency
    .optional()
    .describe(
      "Measured time of inference of the block alone, by the teacher's layers and by the replacement; absent where there is no replacement.",
    ),
  peakMemory: peakMemory
    .optional()
    .describe('The most memory that the attempt took which trained it, with all blocks of its unit.'),
  gpu: text(128).optional().describe('The model of the device.'),
  node: text(253).optional().describe('The node it ran on.'),
  startTime: timestamp().optional().describe('When its first pod ran.'),
  completionTime: timestamp().optional().describe('When it ended.'),
});

const attempts = z.strictObject({
  prepare: count.optional().describe('How many attempts prepare has had.'),
  finetune: count.optional().describe('How many attempts finetune has had.'),
});

const suspension = z.strictObject({
  startTime: timestamp().describe('When nothing of it ran any more.'),
  endTime: timestamp().optional().describe('When it was resumed; absent while it is suspended.'),
});

const activity = z.strictObject({
  seconds: amount.describe(
    'The seconds that are counted: all before since or until, what ran side by side once.',
  ),
  since: timestamp().optional().describe('From here on a pod has run; absent while none does.'),
  until: timestamp().optional().describe('When the last pod had ended; absent while one runs.'),
});

/** The most that are remembered, however short their names are. */
export const mostPods = 256;

const pod = z.strictObject({
  name: text(253).describe(
    'Its name; that of its Job where an attempt never had a pod, or, without any time, where it is not known whether it had.',
  ),
  unit: text(16).describe(
    'What it worked on: prepare, baseline, unit-<number> of the distill stage, or finetune.',
  ),
  attempt: count.describe('The attempt at that which it belongs to.'),
  node: text(253).optional().describe('The node it ran on.'),
  gpu: z
    .enum(['Exclusive', 'Shared', 'Unknown'])
    .optional()
    .describe('Whether others could use its GPU at the same time; absent without a GPU.'),
  createdTime: timestamp().optional().describe('Since when it could have run.'),
  startTime: timestamp().optional().describe('When it ran; absent if it never did.'),
  endTime: timestamp().optional().describe('When it had ended.'),
});

const progress = z.strictObject({
  done: count.describe('Blocks that are done.'),
  total: count.describe('Blocks to do.'),
  percent: integer(0, 100).describe('Percent of all work, by estimated time.'),
  etaSeconds: amount.optional().describe('Estimated seconds until the end.'),
});

const speedup = z.strictObject({
  value: amount.optional().describe('How many times faster: serialSeconds / parallelSeconds.'),
  basis: z
    .enum(['Measured', 'Estimated'])
    .optional()
    .describe(
      'Measured: against a serial run that took place. Estimated: against the sum of the useful seconds, which cannot see contention.',
    ),
  serialSeconds: amount.optional().describe('Seconds of one device for the same blocks.'),
  parallelSeconds: amount
    .optional()
    .describe("From the first unit's start to the last one's end, less suspended time."),
  queueSeconds: amount
    .optional()
    .describe(
      'The part of parallelSeconds in which a pod of a unit waited to begin: for a device, a place in a queue, its image.',
    ),
  workers: count.optional().describe('The most units that ran at once.'),
  ceiling: amount
    .optional()
    .describe('The most that any number of workers could gain: sum of unit times / longest.'),
  balance: amount.optional().describe('Busy seconds / (workers x parallelSeconds); 1 is perfect.'),
  workInflation: amount.optional().describe('Busy seconds / serialSeconds, with a measured baseline only.'),
  savedWork: amount
    .optional()
    .describe(
      'Work of recomputing the teacher for every block / work that was done: what caching and packing gained, not part of value.',
    ),
  endToEnd: amount.optional().describe('The speedup of the whole job, serial stages included.'),
  devices: setList(text(128), 16)
    .optional()
    .describe('The models of the devices that units ran on; absent where one of them is unknown.'),
  reason: reason('a figure is'),
});

const baseline = z.strictObject({
  mode: z
    .enum(['Measure', 'Job'])
    .describe('Measure: a serial run of this job. Job: another job, see spec.execution.baseline.'),
  state: z
    .enum(['Pending', 'Running', 'Known', 'Unknown'])
    .describe(
      'Pending: its figures are yet to come. Running: the serial run goes on. Known: speedup and saving are measured against it. Unknown: they are not, for the reason that is given.',
    ),
  jobName: text(253).optional().describe('Mode Job: the name of the other job.'),
  jobUid: text(64).optional().describe('Mode Job: the UID of the job that the figures were taken from.'),
  seconds: amount
    .optional()
    .describe(
      'Device seconds of all attempts at the serial run; of another job, the time of its distill stage.',
    ),
  joules: amount
    .optional()
    .describe('What the serial run drew, or all of the other job; no part of energy.joules.'),
  dedicatedNode: amount.optional().describe('Likewise, of all devices of the nodes, idle ones included.'),
  coverage: setList(z.enum(['GPU', 'CPU', 'DRAM']), 3)
    .optional()
    .describe('What is in joules.'),
  attempts: count.optional().describe('How many attempts the serial run has had.'),
  startTime: timestamp().optional().describe('When the serial run began.'),
  completionTime: timestamp().optional().describe('When it ended.'),
  reason: reason('a figure is'),
});

const deviceEnergy = z.strictObject({
  device: text(128).describe('The identity of the device, such as its UUID.'),
  kind: z.enum(['GPU', 'CPU', 'DRAM']).optional().describe('What the device is.'),
  model: text(128).optional().describe('The model of the device.'),
  joules: amount.optional().describe('Its energy while units ran on it.'),
  reason: reason('it is'),
});

const energy = z.strictObject({
  joules: amount
    .optional()
    .describe('What all attempts at all units drew, in joules: that of the devices within coverage.'),
  byDevice: listMap(deviceEnergy, ['device'], 64).optional().describe('By device.'),
  usedDevices: amount
    .optional()
    .describe('Joules of devices while units ran on them, for comparison with dedicatedNode.'),
  dedicatedNode: amount
    .optional()
    .describe('Joules of all devices of the nodes from the first unit to the last, idle ones included.'),
  retriedJoules: amount
    .optional()
    .describe(
      'The part of joules that went into attempts without a result; what their checkpoints saved is in it.',
    ),
  idleReservedJoules: amount
    .optional()
    .describe('Joules of GPUs that were reserved but idle, where a source sees them then.'),
  method: z
    .enum(['Counter', 'SampledPower'])
    .optional()
    .describe(
      "Counter: the device's energy counter. SampledPower: polled power, integrated, in at least a part of the figures.",
    ),
  coverage: setList(z.enum(['GPU', 'CPU', 'DRAM']), 3)
    .optional()
    .describe('What is in the figures.'),
  greenup: amount
    .optional()
    .describe('Baseline energy / energy of the devices in use, with a measured baseline only.'),
  savingPercent: decimal(-1e6, 100)
    .optional()
    .describe('100 x (1 - energy / baseline energy) of the devices in use, with a measured baseline only.'),
  greenupDedicatedNode: amount
    .optional()
    .describe('Greenup of whole nodes, idle devices included: true only of nodes that nobody else can use.'),
  savingPercentDedicatedNode: decimal(-1e6, 100)
    .optional()
    .describe('Saving of whole nodes in percent, idle devices included.'),
  formula: text(256).optional().describe('How savingPercent was computed.'),
  gaps: count.optional().describe('Intervals without a reading.'),
  reason: reason('a figure is'),
});

const shown = (what: string) => text(32).optional().describe(what);

const summary = z.strictObject({
  blocks: shown('Done of all blocks. Example: 7/13.'),
  speedup: shown('Speedup and its basis. Example: 3.1x est.'),
  energy: shown('Energy. Example: 0.41 kWh.'),
  accuracy: shown('Accuracy of the student. Example: 98.0%.'),
  saving: shown('Energy saving. Example: 17%.'),
  gpuSeconds: shown('Device seconds of all attempts on GPUs; absent when there were none. Example: 5120.'),
});

export const jobPhases = [
  'Pending',
  'Preparing',
  'Distilling',
  'Finetuning',
  'Suspended',
  'Complete',
  'Failed',
] as const;

/** `status` of a DistillationJob. Unknown is an absent field with a `reason` beside it, never 0. */
export const status = z.strictObject({
  observedGeneration: integer(-1, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('The generation of the resource that this status speaks of; -1: not seen by the operator yet.'),
  phase: z.enum(jobPhases).optional().describe('Where the job is, for people; programs read conditions.'),
  conditions: listMap(condition, ['type'], 16)
    .optional()
    .describe(
      'Ready, Reconciling and Stalled for GitOps tools; Complete, Failed, Suspended, and Finished, which is true at both ends.',
    ),
  retry: integer(0, 1000).optional().describe('The spec.retry that this status speaks of.'),
  startTime: timestamp().optional().describe('When the first pod ran.'),
  suspensions: atomicList(suspension, 64)
    .optional()
    .describe('When the job was suspended and nothing of it ran: this time is no part of the speedup.'),
  activity: activity
    .optional()
    .describe(
      'How long pods of this try ran or started, also those that are gone: what activeDeadlineSeconds limits.',
    ),
  pods: atomicList(pod, mostPods)
    .optional()
    .describe(
      'The pods that ran for the job, also those that are gone: what speedup and energy are made from.',
    ),
  completionTime: timestamp().optional().describe('When the job ended, in success or failure.'),
  teacher: teacher.optional().describe('What is known of the teacher.'),
  student: student.optional().describe('What is known of the student.'),
  attempts: attempts
    .optional()
    .describe('The attempts at prepare and finetune; those at blocks are counted with each block.'),
  blocks: listMap(block, ['name'], 128)
    .optional()
    .describe("Each block, replaced or kept, in the network's order."),
  progress: progress.optional().describe('How far the job is.'),
  baseline: baseline
    .optional()
    .describe('The serial run that speedup and energy saving are measured against, where one is asked for.'),
  speedup: speedup.optional().describe('What parallel training gained.'),
  energy: energy.optional().describe('What it cost.'),
  summary: summary.optional().describe('Short texts for the columns of kubectl get.'),
});

export type DistillationJobStatus = z.output<typeof status>;
export type BaselineStatus = z.output<typeof baseline>;
export type BlockStatus = z.output<typeof block>;
export type PodStatus = z.output<typeof pod>;
export type Condition = z.output<typeof condition>;
