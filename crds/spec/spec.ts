import * as z from 'zod';
import { withRules } from '../with-rules.ts';
import { dataset } from './dataset.ts';
import { execution, resources, storage } from './execution.ts';
import { integer } from './fields.ts';
import { acceptance, output, partition, replacement, stitch, teacher } from './network.ts';
import { pod } from './pod.ts';
import { distill, finetune } from './training.ts';

/** `spec` of a DistillationJob: what the user asks for. */
export const spec = withRules(
  'spec',
  z.strictObject({
    teacher: teacher.describe('The trained network that is made cheaper.'),
    dataset: dataset.describe('The data that the student learns from and is judged on.'),
    partition: partition.prefault({}).describe('How the teacher is cut into blocks.'),
    replacement: withRules('spec.replacement', replacement.prefault({})).describe(
      'What takes the place of a block.',
    ),
    distill: distill
      .prefault({})
      .describe("The training of each replacement on the teacher's activations, independent of all others."),
    stitch: withRules('spec.stitch', stitch.prefault({})).describe(
      'Which replacements are taken into the student.',
    ),
    finetune: withRules('spec.finetune', finetune.prefault({})).describe(
      'The training of the whole student after stitching.',
    ),
    acceptance: withRules('spec.acceptance', acceptance.prefault({})).describe(
      'When a student is good enough.',
    ),
    output: output.describe('Where the student goes.'),
    storage: storage
      .prefault({})
      .describe(
        'Where the pods of the job exchange data. A job that gives neither uri nor any field of s3 gets both from the operator, if it was installed with a storage (--worker-storage-uri). A job that gives any of them gets none of them from there, credentials included: what it leaves out has the defaults below.',
      ),
    execution: execution.prefault({}).describe('How the job is run.'),
    resources: resources
      .prefault({})
      .describe('What each pod gets. May be changed: later attempts get the new values.'),
    pod: pod
      .prefault({})
      .describe('Further settings of the pods. May be changed: later attempts get the new values.'),
    suspend: z
      .boolean()
      .default(false)
      .describe('True stops the job and frees its devices; false goes on from the checkpoints.'),
    backoffLimit: integer(0, 100)
      .default(3)
      .describe(
        'How often a unit may fail by its own fault before it has failed for good. Preemption and lost nodes do not count.',
      ),
    activeDeadlineSeconds: integer(1, 31_536_000)
      .optional()
      .describe(
        'The job fails after this many seconds in which a pod of it ran or started; time in a queue or suspended does not count. Without it, no limit.',
      ),
    ttlSecondsAfterFinished: integer(0, 31_536_000)
      .optional()
      .describe(
        'Seconds after the end until the pods and Jobs are deleted; this resource stays. Without it, they stay too.',
      ),
    retry: withRules('spec.retry', integer(0, 1000).default(0)).describe(
      'Raise it by one to try the failed units of a failed job again; finished units are kept.',
    ),
  }),
);

export type Spec = z.output<typeof spec>;
