import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { InvalidInputError } from '../common/error.ts';
import { parseDistillationJob } from './parse-distillation-job.ts';
import { minimalManifest } from './test-manifests.ts';

const manifest = `apiVersion: blockstill.dev/v1alpha1
kind: DistillationJob
metadata:
  name: resnet50
spec:
  teacher:
    uri: file:///models/resnet50/model.json
  dataset:
    format: CIFAR10
    train:
      uri: file:///data/cifar-10
  distill:
    epochs: 5
  output:
    uri: file:///students/resnet50
`;

function errorOf(text: string): InvalidInputError {
  try {
    parseDistillationJob(text, 'job.yaml');
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('The manifest was accepted.');
}

/** The lines of the message below its first. */
function problemsOf(text: string): string[] {
  const error = errorOf(text);
  expect(error.code).toBe('manifest/invalid');
  expect(error.where).toBe('job.yaml');
  return error.message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

test('a valid manifest comes back as it is written', () => {
  expect(parseDistillationJob(manifest, 'job.yaml')).toEqual({
    ...minimalManifest(),
    spec: { ...minimalManifest().spec, distill: { epochs: 5 } },
  });
});

test('JSON is YAML', () => {
  expect(parseDistillationJob(JSON.stringify(minimalManifest()), 'job.json')).toEqual(minimalManifest());
});

test('what kubectl get -o yaml prints is accepted, without its status', () => {
  const fromCluster = {
    ...minimalManifest(),
    metadata: {
      name: 'resnet50',
      namespace: 'a',
      uid: 'b',
      creationTimestamp: '2026-01-01T00:00:00Z',
      finalizers: [],
    },
    status: { phase: 'Anything', unknownFigure: 1 },
  };
  const parsed = parseDistillationJob(stringify(fromCluster), 'job.yaml');
  expect(parsed.status).toBeUndefined();
  expect(parsed.metadata.namespace).toBe('a');
});

test('anchors and merge keys are resolved, as kubectl does', () => {
  const text = manifest
    .replace('    epochs: 5', '    learningRate: &rate\n      initial: 0.01')
    .concat('  finetune:\n    learningRate:\n      <<: *rate\n      warmupSteps: 5\n');
  expect(parseDistillationJob(text, 'job.yaml').spec.finetune?.learningRate).toEqual({
    initial: 0.01,
    warmupSteps: 5,
  });
});

describe('a likely mistake is named with its line, its field and the remedy', () => {
  test.each([
    ['epochs: 5', 'epoch: 5', 'line 13: spec.distill.epoch: is not a field; did you mean epochs?'],
    [
      'epochs: 5',
      'batch_size: 5',
      'line 13: spec.distill.batch_size: is not a field; did you mean batchSize?',
    ],
    ['epochs: 5', 'lr: 0.1', 'line 13: spec.distill.lr: is not a field; did you mean learningRate?'],
    ['epochs: 5', 'Optimzer: {}', 'line 13: spec.distill.Optimzer: is not a field; did you mean optimizer?'],
    ['epochs: 5', 'seed: 5', 'line 13: spec.distill.seed: is not a field here; it belongs to spec.execution'],
    [
      'epochs: 5',
      'temperature: 5',
      'line 13: spec.distill.temperature: is not a field here; it belongs to spec.finetune',
    ],
    ['epochs: 5', 'epochs: five', 'line 13: spec.distill.epochs: must be a whole number, but is "five"'],
    ['epochs: 5', 'epochs: "5"', 'line 13: spec.distill.epochs: must be a whole number, but is "5"'],
    ['epochs: 5', 'epochs: 2.5', 'line 13: spec.distill.epochs: must be a whole number, but is 2.5'],
    ['epochs: 5', 'epochs: 0', 'line 13: spec.distill.epochs: must be at least 1, but is 0'],
    ['epochs: 5', 'batchSize: 70000', 'line 13: spec.distill.batchSize: must be at most 65536, but is 70000'],
    ['epochs: 5', 'epochs:', 'line 13: spec.distill.epochs: is empty; give a value or remove the line'],
    [
      'epochs: 5',
      'earlyStopping: true',
      'line 13: spec.distill.earlyStopping: must be a group of fields, but is true',
    ],
    [
      'epochs: 5',
      'loss: mse',
      'line 13: spec.distill.loss: must be one of NormalizedMSE, MSE, but is "mse"; did you mean MSE?',
    ],
    [
      'format: CIFAR10',
      'format: imagefolder',
      'line 9: spec.dataset.format: must be one of NPZ, NPY, IDX, CIFAR10, CIFAR100, ImageFolder, but is "imagefolder"; did you mean ImageFolder?',
    ],
    [
      'uri: file:///students/resnet50',
      'uri: http://example.com/a',
      'line 15: spec.output.uri: must start with file:///, s3:// or https:// (or be a path relative to the manifest in a local run)',
    ],
    [
      'name: resnet50',
      'name: ResNet50',
      'line 4: metadata.name: must be a DNS label of at most 40 characters: lower-case letters, digits and "-", beginning and ending with a letter or digit',
    ],
    ['  name: resnet50', '  labels: {}', 'line 3: metadata.name: is required'],
    [
      '  output:\n    uri: file:///students/resnet50\n',
      '  resources:\n    cpu: 4\n  output:\n    uri: file:///a\n',
      'line 15: spec.resources.cpu: must be text, but is 4; put it in quotes: "4"',
    ],
    [
      '  output:\n    uri: file:///students/resnet50\n',
      '  output: { uri: out, formats: [LayersModel, LayersModel] }\n',
      'line 14: spec.output.formats[1]: has the same value as item 0',
    ],
    [
      'train:\n      uri: file:///data/cifar-10',
      'train:\n      - file:///data/cifar-10',
      'line 10: spec.dataset.train: must be a group of fields, but is a list',
    ],
  ])('%s -> %s', (right, wrong, problem) => {
    expect(problemsOf(manifest.replace(right, wrong))).toEqual([problem]);
  });
});

test('all mistakes are told at once, in the order of their lines', () => {
  const text = manifest
    .replace('format: CIFAR10', 'format: CIFAR')
    .replace('epochs: 5', 'epochs: 5\n    steps: 10\n    optimizer: { name: Adam, momentum: 0.9 }')
    .replace('uri: file:///students/resnet50', 'url: file:///students/resnet50');
  expect(problemsOf(text)).toEqual([
    'line 9: spec.dataset.format: must be one of NPZ, NPY, IDX, CIFAR10, CIFAR100, ImageFolder, but is "CIFAR"; did you mean CIFAR10?',
    'line 14: spec.distill.steps: give epochs or steps, not both',
    'line 15: spec.distill.optimizer.momentum: momentum belongs to SGD and RMSprop only; remove it or choose another optimizer',
    expect.stringMatching(/^line 16: spec\.output\.uri: is required\. /),
    'line 17: spec.output.url: is not a field; did you mean uri?',
  ]);
});

describe('a text that is no single DistillationJob is refused as a whole', () => {
  test.each([
    ['', 'line 1: is empty; a DistillationJob is expected'],
    ['# nothing\n---\n', 'line 1: is empty; a DistillationJob is expected'],
    [
      '- a\n',
      'line 1: must be a DistillationJob: a group of fields with apiVersion, kind, metadata and spec',
    ],
    ['a: 1\na: 2\n', 'line 2: not valid YAML: Map keys must be unique'],
    [
      `${manifest}---\n${manifest}`,
      'line 17: a second document begins here (2 in all); keep one DistillationJob in a file',
    ],
    [
      manifest.replace('kind: DistillationJob', 'kind: Job'),
      'line 2: kind: is "Job", but must be DistillationJob',
    ],
    [
      manifest.replace('v1alpha1', 'v1'),
      'line 1: apiVersion: is "blockstill.dev/v1", but must be blockstill.dev/v1alpha1',
    ],
  ])('%j', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test('a text that aliases would blow up is refused, not expanded', () => {
    const rows = Array.from(
      { length: 9 },
      (_, row) => `r${row + 1}: &r${row + 1} [${`*r${row},`.repeat(9)}]`,
    );
    expect(problemsOf(['r0: &r0 [x]', ...rows].join('\n'))).toEqual([
      expect.stringContaining('not usable YAML'),
    ]);
  });
});
