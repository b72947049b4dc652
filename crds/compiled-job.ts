import type { Augmentation, Dataset, Preprocessing, Source } from './spec/dataset.ts';
import type { Execution, S3, Storage } from './spec/execution.ts';
import type { ReplacementCandidate } from './spec/network.ts';
import type { Spec } from './spec/spec.ts';
import type { Distill, Finetune } from './spec/training.ts';

type DeepReadonly<Value> = Value extends object
  ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
  : Value;

/**
 * A DistillationJob with every default filled in and every URI absolute: what all code but the API itself works with.
 * It is plain JSON. A member that is still optional is one whose absence means something.
 */
export interface CompiledJob {
  readonly name: string;
  /** `default` where the manifest names none. */
  readonly namespace: string;
  readonly spec: CompiledSpec;
}

type Recompiled = 'dataset' | 'replacement' | 'distill' | 'finetune' | 'storage' | 'execution' | 'resources';

export interface CompiledSpec extends DeepReadonly<Omit<Spec, Recompiled>> {
  readonly dataset: CompiledDataset;
  readonly replacement: { readonly candidates: readonly [DeepReadonly<ReplacementCandidate>] };
  readonly distill: CompiledDistill;
  readonly finetune: CompiledFinetune;
  readonly storage: CompiledStorage;
  readonly execution: CompiledExecution;
  readonly resources: CompiledResources;
}

export interface CompiledStorage extends DeepReadonly<Omit<Storage, 'uri' | 's3'>> {
  readonly uri: string;
  readonly s3: DeepReadonly<S3> & { readonly region: string; readonly forcePathStyle: boolean };
}

/** Data at an absolute URI. */
export type DataSource = DeepReadonly<Source>;

/** Data of its own, or a share of the training samples. */
export type DataLocation = DataSource | { readonly fraction: number };

export interface CompiledDataset {
  readonly format: Dataset['format'];
  readonly train: DataSource;
  readonly validation: DataLocation;
  /** Absent: test figures are unknown. */
  readonly test?: DataLocation | undefined;
  readonly preprocessing: CompiledPreprocessing;
  readonly augmentation: DeepReadonly<Augmentation>;
}

export interface CompiledPreprocessing extends DeepReadonly<Omit<Preprocessing, 'resize'>> {
  /** Absent: an image of another shape is an error. */
  readonly resize?: 'Nearest' | 'Bilinear' | undefined;
}

/** Exactly one of `epochs` and `steps` is there. */
export interface CompiledDistill extends DeepReadonly<Omit<Distill, 'optimizer' | 'learningRate'>> {
  readonly optimizer: CompiledOptimizer;
  readonly learningRate: CompiledLearningRate;
}

export interface CompiledFinetune extends DeepReadonly<Omit<Finetune, 'optimizer' | 'learningRate'>> {
  readonly optimizer: CompiledOptimizer;
  readonly learningRate: CompiledLearningRate;
}

interface AdamMembers {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export type CompiledOptimizer =
  | { readonly name: 'SGD'; readonly momentum: number; readonly nesterov: boolean }
  | { readonly name: 'RMSprop'; readonly momentum: number; readonly rho: number; readonly epsilon: number }
  | ({ readonly name: 'Adam' } & AdamMembers)
  | ({ readonly name: 'AdamW'; readonly weightDecay: number } & AdamMembers);

interface ScheduleMembers {
  readonly initial: number;
  /** Steps of linear rise; at most a tenth of all steps is used for it. */
  readonly warmupSteps: number;
}

export type CompiledLearningRate =
  | ({ readonly schedule: 'Constant' } & ScheduleMembers)
  | ({
      readonly schedule: 'Exponential';
      readonly decaySteps: number;
      readonly decayRate: number;
      readonly staircase: boolean;
    } & ScheduleMembers)
  | ({ readonly schedule: 'Cosine'; readonly finalFraction: number } & ScheduleMembers);

export interface CompiledExecution extends DeepReadonly<Omit<Execution, 'activationCache'>> {
  readonly activationCache: {
    readonly mode: 'Auto' | 'Recompute';
    readonly deviceMemoryBytes: number;
    readonly memoryBytes: number;
    readonly diskBytes: number;
  };
}

export interface CompiledResources {
  readonly prepare: StageResources;
  readonly distill: StageResources;
  readonly finetune: StageResources;
}

export interface StageResources {
  /** What the stage runs on: `execution.device`, with `Auto` resolved. */
  readonly device: 'GPU' | 'CPU';
  readonly gpu: { readonly resourceName: string; readonly count: number };
  readonly cpu?: string;
  readonly memory?: string;
  readonly sharedMemory: string;
}
