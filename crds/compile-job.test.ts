import { expect, test } from 'vitest';
import { compileJob } from './compile-job.ts';
import type { CompiledJob } from './compiled-job.ts';
import type { DistillationJob } from './distillation-job.ts';
import { manifestWith, minimalManifest } from './test-manifests.ts';

function compiledWith(values: Readonly<Record<string, unknown>>): CompiledJob {
  return compileJob(manifestWith(values) as DistillationJob);
}

test('a minimal manifest compiles with the documented defaults', () => {
  const adam = { name: 'Adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
  const cosine = { schedule: 'Cosine', warmupSteps: 100, finalFraction: 0 };
  const stage = {
    device: 'GPU',
    gpu: { resourceName: 'nvidia.com/gpu', count: 1 },
    sharedMemory: '1Gi',
  };
  expect(compileJob(minimalManifest())).toEqual({
    name: 'resnet50',
    namespace: 'default',
    spec: {
      teacher: { uri: 'file:///models/resnet50/model.json', format: 'LayersModel' },
      dataset: {
        format: 'CIFAR10',
        train: { uri: 'file:///data/cifar-10' },
        validation: { fraction: 0.1 },
        preprocessing: { channelOrder: 'RGB', rescale: 1, mean: [], std: [] },
        augmentation: {
          horizontalFlip: false,
          shiftCrop: 0,
          rotation: 0,
          brightness: 0,
          contrast: 0,
          saturation: 0,
          passes: 0,
        },
      },
      partition: { strategy: 'Convolutions', blocks: [] },
      replacement: {
        candidates: [{ name: 'default', kind: 'SeparablePair', repeats: 2, unitRatio: 0.5, batchNorm: true }],
      },
      distill: {
        epochs: 10,
        batchSize: 64,
        optimizer: adam,
        learningRate: { initial: 0.002, ...cosine },
        loss: 'NormalizedMSE',
        onUnitFailure: 'Fail',
      },
      stitch: { maxScoreDrop: 0.05, recalibrationBatches: 100 },
      finetune: {
        epochs: 3,
        batchSize: 64,
        optimizer: adam,
        learningRate: { initial: 0.001, ...cosine },
        temperature: 3,
        labelWeight: 0.5,
      },
      acceptance: { maxAccuracyDrop: 0.05 },
      output: { uri: 'file:///students/resnet50', formats: ['LayersModel'] },
      storage: {
        uri: 'file:///students/resnet50/.exchange',
        s3: { region: 'us-east-1', forcePathStyle: false },
        retain: 'OnFailure',
      },
      execution: {
        device: 'Auto',
        precision: 'Float32',
        packing: 'PerBlock',
        activationCache: {
          mode: 'Auto',
          deviceMemoryBytes: 4 * 1024 ** 3,
          memoryBytes: 2 * 1024 ** 3,
          diskBytes: 20 * 1024 ** 3,
        },
        threads: {},
        baseline: { mode: 'None' },
        idleBaselineSeconds: 0,
        seed: 0,
      },
      resources: { prepare: stage, distill: stage, finetune: stage },
      pod: { terminationGracePeriodSeconds: 120 },
      suspend: false,
      backoffLimit: 3,
      retry: 0,
    },
  });
});

test('a compiled job is plain JSON: it reads back as it was', () => {
  const compiled = compileJob(minimalManifest());
  expect(JSON.parse(JSON.stringify(compiled))).toEqual(compiled);
});

test("the schema's defaults, as the API server fills them in, compile to the same", () => {
  const filled = manifestWith({
    'spec.distill': {
      optimizer: { name: 'Adam' },
      batchSize: 64,
      learningRate: { initial: 0.002, warmupSteps: 100 },
    },
    'spec.dataset.validation': { fraction: 0.1 },
    'spec.execution.threads': {},
    status: { observedGeneration: -1 },
  });
  expect(compileJob(filled as DistillationJob)).toEqual(compileJob(minimalManifest()));
});

test('steps in place of epochs leave no epochs', () => {
  const { distill } = compiledWith({ 'spec.distill.steps': 500 }).spec;
  expect(distill.steps).toBe(500);
  expect(distill.epochs).toBeUndefined();
});

test.each([
  [{ name: 'SGD' }, { name: 'SGD', momentum: 0.9, nesterov: true }],
  [
    { name: 'SGD', momentum: 0 },
    { name: 'SGD', momentum: 0, nesterov: false },
  ],
  [{ name: 'RMSprop' }, { name: 'RMSprop', momentum: 0, rho: 0.9, epsilon: 1e-7 }],
  [
    { name: 'AdamW', beta1: 0.8 },
    { name: 'AdamW', beta1: 0.8, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.004 },
  ],
])('optimizer %j has the members that belong to it', (given, compiled) => {
  expect(compiledWith({ 'spec.finetune.optimizer': given }).spec.finetune.optimizer).toEqual(compiled);
});

test.each([
  [{ schedule: 'Constant' }, { schedule: 'Constant', initial: 0.002, warmupSteps: 100 }],
  [
    { schedule: 'Exponential', warmupSteps: 0 },
    {
      schedule: 'Exponential',
      initial: 0.002,
      warmupSteps: 0,
      decaySteps: 3000,
      decayRate: 0.96,
      staircase: true,
    },
  ],
])('schedule %j has the members that belong to it', (given, compiled) => {
  expect(compiledWith({ 'spec.distill.learningRate': given }).spec.distill.learningRate).toEqual(compiled);
});

test('a stage overrides single resources and keeps the rest', () => {
  const { resources } = compiledWith({
    'spec.resources': {
      gpu: { resourceName: 'amd.com/gpu' },
      cpu: '8',
      prepare: { gpu: { count: 0 }, memory: '4Gi' },
    },
  }).spec;
  expect(resources.prepare).toEqual({
    device: 'CPU',
    gpu: { resourceName: 'amd.com/gpu', count: 0 },
    cpu: '8',
    memory: '4Gi',
    sharedMemory: '1Gi',
  });
  expect(resources.finetune.gpu).toEqual({ resourceName: 'amd.com/gpu', count: 1 });
});

test('devices have the name that is given where the manifest has none', () => {
  const compile = (given: object) =>
    compileJob(manifestWith({ 'spec.resources': given }) as DistillationJob, {
      defaults: { gpuResourceName: 'nvidia.com/gpu.shared' },
    }).spec.resources;
  const ofStage = compile({ gpu: { count: 2 }, prepare: { gpu: { resourceName: 'amd.com/gpu' } } });
  expect(ofStage.prepare.gpu).toEqual({ resourceName: 'amd.com/gpu', count: 2 });
  expect(ofStage.distill.gpu).toEqual({ resourceName: 'nvidia.com/gpu.shared', count: 2 });
  expect(compile({ gpu: { resourceName: 'nvidia.com/gpu' } }).finetune.gpu.resourceName).toBe(
    'nvidia.com/gpu',
  );
});

test('device CPU is the CPU even where a device is requested', () => {
  expect(compiledWith({ 'spec.execution.device': 'CPU' }).spec.resources.distill.device).toBe('CPU');
});

test('early stopping that is asked for without numbers gets them', () => {
  expect(compiledWith({ 'spec.distill.earlyStopping': {} }).spec.distill.earlyStopping).toEqual({
    patience: 3,
    minDelta: 0,
  });
});

test('relative paths start from the folder of the manifest', () => {
  const job = manifestWith({
    'spec.teacher.uri': '../teacher 1/model.json',
    'spec.dataset.validation': { uri: 'data#1/val' },
    'spec.output.uri': './out',
  }) as DistillationJob;
  const { spec } = compileJob(job, { manifestFolder: '/home/me/job' });
  expect(spec.teacher.uri).toBe('file:///home/me/teacher%201/model.json');
  expect(spec.dataset.validation).toEqual({ uri: 'file:///home/me/job/data%231/val' });
  expect(spec.storage.uri).toBe('file:///home/me/job/out/.exchange');
  expect(spec.dataset.train.uri).toBe('file:///data/cifar-10');
});

test('an absolute path is taken as it is in a local run', () => {
  const job = manifestWith({ 'spec.teacher.uri': '/models/a' }) as DistillationJob;
  expect(compileJob(job, { manifestFolder: '/home/me' }).spec.teacher.uri).toBe('file:///models/a');
});

test('a relative path in a cluster is an error that names its field', () => {
  expect(() => compiledWith({ 'spec.output.uri': './out' })).toThrow(
    'spec.output.uri is the relative path "./out"',
  );
});

test('a job that breaks the schema is refused with its fields', () => {
  expect(() => compiledWith({ 'spec.distill.epochs': 0 })).toThrow(
    'spec.distill.epochs: must be at least 1, but is 0',
  );
});
