import * as z from 'zod';
import { digestOfJson, type Digest } from '../../common/digest.ts';
import type { CompiledSpec, StageResources } from '../../crds/compiled-job.ts';
import type { Stage } from './primitives.ts';

/** What a member of the spec decides the bits of: the plan and the blocks, the student alone, or nothing. */
type Decides = 'Blocks' | 'Student' | 'Nothing';

/** One word for a member with all that is in it, or a word for each of its own members. */
type Parts<Value> =
  | Decides
  | (Value extends object ? { readonly [Key in keyof Value]-?: Parts<NonNullable<Value[Key]>> } : never);

const resourceParts = (device: Decides) =>
  ({
    device,
    gpu: 'Nothing',
    cpu: 'Nothing',
    memory: 'Nothing',
    sharedMemory: 'Nothing',
  }) satisfies Parts<StageResources>;

/**
 * Every member of a compiled spec: what it decides, or that workers are not told it, so that it can decide nothing. A
 * member that is missing here is an error of the type checker. Stages may read only what decides their own bits, and
 * what decides none.
 */
const specParts = {
  teacher: 'Blocks',
  dataset: 'Blocks',
  partition: 'Blocks',
  replacement: 'Blocks',
  distill: {
    epochs: 'Blocks',
    steps: 'Blocks',
    batchSize: 'Blocks',
    optimizer: 'Blocks',
    learningRate: 'Blocks',
    loss: 'Blocks',
    earlyStopping: 'Blocks',
    onUnitFailure: 'Nothing',
  },
  stitch: {
    maxScoreDrop: 'Student',
    maxStitchedDrop: 'Student',
    // A block is recalibrated at the end of its own training, too.
    recalibrationBatches: 'Blocks',
  },
  finetune: 'Student',
  acceptance: 'Student',
  output: 'Student',
  storage: 'Nothing',
  execution: {
    // As `resources` has it, a stage at a time and with `Auto` resolved.
    device: 'Nothing',
    precision: 'Blocks',
    packing: 'Nothing',
    maxParallel: 'Nothing',
    activationCache: 'Nothing',
    threads: { prepare: 'Blocks', distill: 'Blocks', finetune: 'Student' },
    baseline: 'Nothing',
    idleBaselineSeconds: 'Nothing',
    seed: 'Blocks',
    pendingDeadlineSeconds: 'Nothing',
  },
  resources: {
    prepare: resourceParts('Blocks'),
    distill: resourceParts('Blocks'),
    finetune: resourceParts('Student'),
  },
  pod: 'NotTold',
  suspend: 'NotTold',
  backoffLimit: 'NotTold',
  activeDeadlineSeconds: 'NotTold',
  ttlSecondsAfterFinished: 'NotTold',
  retry: 'NotTold',
} as const satisfies {
  readonly [Key in keyof CompiledSpec]-?: Parts<NonNullable<CompiledSpec[Key]>> | 'NotTold';
};

type Told = {
  [Key in keyof typeof specParts]: (typeof specParts)[Key] extends 'NotTold' ? never : Key;
}[keyof typeof specParts];

/**
 * The part of a compiled job that the worker reads: every default filled in, every URI absolute.
 *
 * It is not checked again here: it was written by the compiler of the API, and its digest is part of what results name.
 */
export type JobSpec = Pick<CompiledSpec, Told>;

export const jobSpecSchema = z.custom<JobSpec>(
  (value) => typeof value === 'object' && value !== null && 'teacher' in value && 'execution' in value,
  'must be a compiled DistillationJob spec',
);

/** What a worker is told of a spec. */
export function toldSpec(spec: CompiledSpec): JobSpec {
  const parts: PartTable = specParts;
  const told = Object.entries(spec).filter(([name]) => (parts[name] ?? 'NotTold') !== 'NotTold');
  return Object.fromEntries(told) as unknown as JobSpec;
}

/** To be raised with every change by which the same spec gives other bits: older work then no longer counts. */
const trainingVersion = 1;

/** Of the stages that have one of their own. */
export type SpecDigests = Readonly<Record<Exclude<Stage, 'Baseline'>, Digest>>;

/** The digest that results of a stage must name: a baseline is the same work as distill. */
export function specDigestOf(digests: SpecDigests, stage: Stage): Digest {
  return digests[stage === 'Baseline' ? 'Distill' : stage];
}

/**
 * A digest of what decides the bits of each stage; a result counts only for the digest of its own stage.
 *
 * Prepare and distill share one: the plan and every block belong to it. An edit of anything else leaves them, and a
 * changed plan shows itself by its own digest.
 *
 * @param teacherDigest what the teacher's files add up to, where they can be read: the spec only says where they lie
 */
export function specDigests(spec: JobSpec, teacherDigest?: Digest): SpecDigests {
  const digestOf = (...wanted: Decides[]): Digest =>
    digestOfJson({ trainingVersion, spec: partOf(spec, specParts, new Set(wanted)), teacherDigest });
  const [blocks, student] = [digestOf('Blocks'), digestOf('Blocks', 'Student')];
  return { Prepare: blocks, Distill: blocks, Finetune: student };
}

interface PartTable {
  readonly [name: string]: string | PartTable;
}

function partOf(value: unknown, parts: string | PartTable, wanted: ReadonlySet<string>): unknown {
  if (typeof parts === 'string') return wanted.has(parts) ? value : undefined;
  const members = Object.entries(value ?? {}) as [string, unknown][];
  return Object.fromEntries(
    members.map(([name, member]) => [name, partOf(member, parts[name] ?? 'Nothing', wanted)]),
  );
}
