import * as z from 'zod';
import { withRules } from '../with-rules.ts';
import { integer, objectName, qualifiedName, quantity, text, uri } from './fields.ts';

const s3 = z.strictObject({
  endpoint: text(512)
    .optional()
    .describe(
      'The address of the S3 service. Without it, that of AWS in the region. Example: https://minio.storage.svc:9000.',
    ),
  // Filled in when the job is compiled: the operator has to know whether a job says anything of its own.
  region: text(64).optional().describe('The region of the bucket. Default: us-east-1.'),
  forcePathStyle: z
    .boolean()
    .optional()
    .describe(
      'Put the bucket into the path and not into the host name; most services other than AWS need it. Default: false.',
    ),
  credentialsSecretName: objectName()
    .optional()
    .describe(
      'The Secret in the same namespace with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN where there is one). Without it, what the pod has by its service account, or the environment in a local run.',
    ),
});

export const storage = withRules(
  'spec.storage',
  z.strictObject({
    uri: uri()
      .optional()
      .describe(
        'The folder through which the pods of the job exchange the prepared data, checkpoints and blocks: file:///... on a volume that every pod mounts, or s3://.... Default: .exchange below output.uri.',
      ),
    s3: s3.prefault({}).describe('How to reach s3:// URIs, for all of the manifest.'),
    retain: z
      .enum(['Never', 'OnFailure', 'Always'])
      .default('OnFailure')
      .describe(
        'When checkpoints and prepared data are kept after the end of the job. OnFailure: only for a job that failed, so that retry can go on from them.',
      ),
  }),
);

const activationCache = z.strictObject({
  mode: z
    .enum(['Auto', 'Recompute'])
    .default('Auto')
    .describe(
      "Whether a unit keeps the teacher's activations at its blocks' boundaries. Auto: kept where they fit, device memory first, then memory, then disk. Recompute: the teacher runs again each epoch. Changes times, never results.",
    ),
  deviceMemory: quantity()
    .default('4Gi')
    .describe('The most accelerator memory that a unit uses for the cache; no effect on a CPU.'),
  memory: quantity().default('2Gi').describe('The most main memory that a unit uses for the cache.'),
  disk: quantity()
    .default('20Gi')
    .describe('The most local disk that a unit uses for the cache. 0 turns the disk off.'),
});

const threadCount = integer(1, 1024).optional();

const threads = z.strictObject({
  prepare: threadCount.describe(
    'CPU threads of the prepare stage. Without it, all cores that the pod or process may use.',
  ),
  distill: threadCount.describe(
    'CPU threads of each unit. Without it, resolved once by prepare from the cores and the number of blocks, never from the number of workers.',
  ),
  finetune: threadCount.describe(
    'CPU threads of the finetune stage. Without it, all cores that the pod or process may use.',
  ),
});

const baseline = withRules(
  'spec.execution.baseline',
  z.strictObject({
    mode: z
      .enum(['None', 'Measure', 'Job'])
      .default('None')
      .describe(
        "What the speedup is measured against. None: an estimate from the units' own times. Measure: before the units, all blocks are trained once in one process on one device, and the result is discarded (costs that time and energy). Job: the figures of another DistillationJob that ran one unit at a time, for the same teacher, data, blocks, precision and model of GPU, with the same packing into units, activationCache and resources.",
      ),
    jobName: objectName()
      .optional()
      .describe(
        'Mode Job only: the name of the other DistillationJob in the same namespace, or in the same storage folder in a local run. It should be complete when this job ends.',
      ),
  }),
);

const fixed = 'spec.execution';

export const execution = withRules(
  fixed,
  z.strictObject({
    device: withRules(`${fixed}.device`, z.enum(['Auto', 'GPU', 'CPU']).default('Auto')).describe(
      'What the job trains on. Auto: GPU where resources.gpu.count is above 0, else CPU. GPU: a GPU, or an error; never a silent fallback. CPU: the CPU, even where a device is requested.',
    ),
    precision: withRules(
      `${fixed}.precision`,
      z.enum(['Float32', 'TF32', 'BFloat16']).default('Float32'),
    ).describe(
      'The precision of convolutions and matrix products. Float32: full. TF32: 10-bit mantissa on the tensor cores of NVIDIA GPUs since Ampere, faster. BFloat16: 7-bit mantissa, on GPUs and on CPUs with instructions for it (avx512_bf16 or amx_bf16 in /proc/cpuinfo); on other CPUs 5 to 12 times slower than Float32.',
    ),
    packing: withRules(`${fixed}.packing`, z.enum(['PerBlock', 'Auto']).default('PerBlock')).describe(
      'How blocks are put into units (one pod each). PerBlock: one block a unit. Auto: neighbouring blocks share one pass of the teacher, in units that make the whole shortest for maxParallel workers. Changes times, never results.',
    ),
    maxParallel: integer(1, 128)
      .optional()
      .describe(
        'The most units at once. Required with packing Auto, where a later change does not plan anew. Without it, no limit in a cluster; in a local run one unit a GPU, or as many as the cores allow.',
      ),
    activationCache: withRules(`${fixed}.activationCache`, activationCache.prefault({})).describe(
      "How much of the teacher's activations a unit keeps instead of computing them again.",
    ),
    threads: withRules(`${fixed}.threads`, threads.prefault({})).describe(
      'CPU threads of TensorFlow. Results are the same bit for bit only with the same counts, so they never depend on the load.',
    ),
    baseline: baseline.prefault({}).describe('What speedup and energy saving are measured against.'),
    idleBaselineSeconds: withRules(`${fixed}.idleBaselineSeconds`, integer(0, 3600).default(0)).describe(
      "How many seconds each pod measures its idle devices before its work begins, which is put off by as much. What they draw then stands in the unit's result as idleWatts, and in no other figure. 0: not at all; 30 are enough.",
    ),
    seed: withRules(`${fixed}.seed`, integer(0, 2_147_483_647).default(0)).describe(
      'From which all randomness follows: splits, order, augmentation, initial weights.',
    ),
    pendingDeadlineSeconds: integer(1, 31_536_000)
      .optional()
      .describe(
        'The job fails when one of its pods has waited this many seconds without starting (no GPU free, image missing, volume missing). The time for which a queue such as Kueue holds it back does not count. Without it, it waits for ever.',
      ),
  }),
);

const resourceName = qualifiedName();
const deviceCount = integer(0, 16);
const resourceNameDescription = 'The extended resource of the device. Example: nvidia.com/mig-3g.40gb.';
const commonNameDescription = `${resourceNameDescription} Without it, the one that the operator was installed with, which is nvidia.com/gpu unless it was told another.`;
const ownNameDescription = `${resourceNameDescription} Without it, that of resources.gpu.`;
const countDescription = 'Devices a pod. 0: no device, the CPU is used.';
const cpu = quantity()
  .optional()
  .describe(
    'CPU request and limit of a pod, a quantity as text. Fewer than a unit needs for decoding starves its GPU. Example: "8".',
  );
const memory = quantity()
  .optional()
  .describe('Memory request and limit of a pod, a quantity as text. Example: "32Gi".');
const sharedMemoryDescription = 'Size of /dev/shm in a pod, a quantity as text; counts as memory of the pod.';

function stageOverride(stage: string) {
  return z
    .strictObject({
      gpu: z
        .strictObject({
          resourceName: resourceName.optional().describe(ownNameDescription),
          count: deviceCount.optional().describe(countDescription),
        })
        .optional()
        .describe(`Devices of the ${stage} stage.`),
      cpu,
      memory,
      sharedMemory: quantity().optional().describe(sharedMemoryDescription),
    })
    .optional()
    .describe(`What the ${stage} stage gets instead; a field that is not given here is taken from above.`);
}

export const resources = z.strictObject({
  gpu: z
    .strictObject({
      resourceName: resourceName.optional().describe(commonNameDescription),
      count: deviceCount.default(1).describe(countDescription),
    })
    .prefault({})
    .describe('Devices of every pod.'),
  cpu,
  memory,
  sharedMemory: quantity().default('1Gi').describe(sharedMemoryDescription),
  prepare: stageOverride('prepare'),
  distill: stageOverride('distill'),
  finetune: stageOverride('finetune'),
});

export type S3 = z.output<typeof s3>;
export type Storage = z.output<typeof storage>;
export type Execution = z.output<typeof execution>;
export type Baseline = z.output<typeof baseline>;
export type Resources = z.output<typeof resources>;
