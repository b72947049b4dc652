import { resolve as resolvePath } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidInputError } from '../common/error.ts';
import type { CompiledJob, CompiledSpec, DataLocation, DataSource } from './compiled-job.ts';
import { compileResources } from './compile-resources.ts';
import { compileStorage, type DefaultStorage } from './compile-storage.ts';
import { compileLearningRate, compileOptimizer } from './compile-training.ts';
import { distillationJob, type DistillationJob } from './distillation-job.ts';
import { problemsOfManifest } from './parse-distillation-job.ts';
import { pathText } from './problems.ts';
import type { Dataset, HeldOut, Source } from './spec/dataset.ts';
import { quantityValue } from './spec/fields.ts';
import type { Spec } from './spec/spec.ts';

export interface CompileOptions {
  /** The folder that relative paths start from, absolute; without it, as in a cluster, they are errors. */
  readonly manifestFolder?: string | undefined;
  readonly defaults?: CompileDefaults | undefined;
}

/** What takes the place of some of the documented defaults. */
export interface CompileDefaults {
  readonly gpuResourceName?: string | undefined;
  readonly storage?: DefaultStorage | undefined;
}

type Resolve = (uri: string, field: string) => string;

/**
 * Fills in every default and resolves every relative path: what all other code works with.
 *
 * @throws InvalidInputError `manifest/invalid` when the job breaks the schema, `manifest/relative-uri` for a relative
 *   path without a folder to start from
 */
export function compileJob(job: DistillationJob, options: CompileOptions = {}): CompiledJob {
  const parsed = distillationJob.safeParse(job);
  if (!parsed.success) {
    const problems = problemsOfManifest(job).map(({ path, message }) => `  ${pathText(path)}: ${message}`);
    throw new InvalidInputError(
      'manifest/invalid',
      ['the DistillationJob is not valid', ...problems].join('\n'),
      {
        where: job.metadata.name,
      },
    );
  }
  const { metadata, spec } = parsed.data;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? 'default',
    spec: compileSpec(spec, resolver(options.manifestFolder), options.defaults),
  };
}

function compileSpec(spec: Spec, resolve: Resolve, defaults: CompileDefaults = {}): CompiledSpec {
  const { teacher, output, distill, finetune, execution, replacement, resources, ...same } = spec;
  const [candidate] = replacement.candidates;
  if (candidate === undefined) throw new Error('The schema let an empty list of candidates pass.');
  const outputUri = resolve(output.uri, 'spec.output.uri');
  const { activationCache: cache, ...restOfExecution } = execution;
  return {
    ...same,
    teacher: { ...teacher, uri: resolve(teacher.uri, 'spec.teacher.uri') },
    dataset: compileDataset(spec.dataset, resolve),
    replacement: { candidates: [candidate] },
    distill: {
      ...distill,
      ...(distill.epochs === undefined && distill.steps === undefined ? { epochs: 10 } : {}),
      optimizer: compileOptimizer(distill.optimizer),
      learningRate: compileLearningRate(distill.learningRate),
    },
    finetune: {
      ...finetune,
      optimizer: compileOptimizer(finetune.optimizer),
      learningRate: compileLearningRate(finetune.learningRate),
    },
    output: { ...output, uri: outputUri },
    storage: compileStorage(spec.storage, {
      besideOutput: `${outputUri.replace(/\/$/, '')}/.exchange`,
      resolve: (uri) => resolve(uri, 'spec.storage.uri'),
      defaultStorage: defaults.storage,
    }),
    execution: {
      ...restOfExecution,
      activationCache: {
        mode: cache.mode,
        deviceMemoryBytes: quantityValue(cache.deviceMemory),
        memoryBytes: quantityValue(cache.memory),
        diskBytes: quantityValue(cache.disk),
      },
    },
    resources: compileResources(resources, {
      device: execution.device,
      gpuResourceName: defaults.gpuResourceName,
    }),
  };
}

function compileDataset(dataset: Dataset, resolve: Resolve): CompiledSpec['dataset'] {
  const { resize, ...preprocessing } = dataset.preprocessing;
  const { test, ...rest } = dataset;
  return {
    ...rest,
    train: compileSource(dataset.train, 'spec.dataset.train', resolve),
    validation: compileHeldOut(dataset.validation, 'spec.dataset.validation', resolve),
    ...(test === undefined ? {} : { test: compileHeldOut(test, 'spec.dataset.test', resolve) }),
    preprocessing: { ...preprocessing, ...(resize === 'None' ? {} : { resize }) },
  };
}

function compileHeldOut(part: HeldOut, field: string, resolve: Resolve): DataLocation {
  const { fraction, uri, ...rest } = part;
  if (fraction !== undefined) return { fraction };
  if (uri === undefined) throw new Error(`The rules let ${field} pass with neither uri nor fraction.`);
  return compileSource({ ...rest, uri }, field, resolve);
}

function compileSource(source: Source, field: string, resolve: Resolve): DataSource {
  return {
    ...source,
    uri: resolve(source.uri, `${field}.uri`),
    ...(source.labelsUri === undefined ? {} : { labelsUri: resolve(source.labelsUri, `${field}.labelsUri`) }),
  };
}

function resolver(manifestFolder: string | undefined): Resolve {
  return (uri, field) => {
    if (/^[a-z0-9]+:\/\//.test(uri)) return uri;
    if (manifestFolder === undefined) {
      throw new InvalidInputError('manifest/relative-uri', `${field} is the relative path "${uri}"`, {
        where: field,
        hint: 'In a cluster there is nothing that it could be relative to: give a file:///, s3:// or https:// URI.',
      });
    }
    return pathToFileURL(resolvePath(manifestFolder, uri)).href;
  };
}
