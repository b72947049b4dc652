import type { Baseline, Execution } from '../spec/execution.ts';
import type { Spec } from '../spec/spec.ts';
import { valueRule, type Rule } from './rule.ts';

const s3Scheme = 's3://';

/** Every URI of the manifest. */
function uris(spec: Spec): (string | undefined)[] {
  const { train, validation, test } = spec.dataset;
  const ofData = [train, validation, test].flatMap((split) => [split?.uri, split?.labelsUri]);
  return [spec.teacher.uri, spec.output.uri, spec.storage.uri, ...ofData];
}

const uriPaths = [
  'teacher.uri',
  'output.uri',
  'storage.uri',
  ...['train', 'validation', 'test'].flatMap((split) => [
    `dataset.${split}.uri`,
    `dataset.${split}.labelsUri`,
  ]),
];

function usesS3(path: string): string {
  const test = path.startsWith('dataset.test.') ? 'has(self.dataset.test) && ' : '';
  return `(${test}has(self.${path}) && self.${path}.startsWith('${s3Scheme}'))`;
}

export const executionRules: readonly Rule[] = [
  valueRule<Execution>('spec.execution', {
    cel: "!has(self.packing) || self.packing != 'Auto' || has(self.maxParallel)",
    message: 'packing Auto needs maxParallel, the number of workers to plan for',
    field: 'maxParallel',
    check: (value) => value.packing !== 'Auto' || value.maxParallel !== undefined,
  }),
  valueRule<Execution>('spec.execution', {
    cel: "!has(self.precision) || self.precision != 'TF32' || !has(self.device) || self.device != 'CPU'",
    message: 'TF32 exists on NVIDIA GPUs only; with device CPU use Float32 or BFloat16',
    field: 'precision',
    check: (value) => value.precision !== 'TF32' || value.device !== 'CPU',
  }),
  valueRule<Baseline>('spec.execution.baseline', {
    cel: "(has(self.mode) && self.mode == 'Job') == has(self.jobName)",
    message: 'mode Job needs jobName, and jobName goes with mode Job only',
    field: 'jobName',
    check: (value) => (value.mode === 'Job') === (value.jobName !== undefined),
  }),
  valueRule<Spec>('spec', {
    cel: "self.execution.device != 'GPU' || self.resources.gpu.count > 0 || has(self.pod.resourceClaims)",
    message: 'execution.device GPU needs resources.gpu.count of at least 1, or pod.resourceClaims',
    field: 'execution.device',
    check: ({ execution, resources, pod }) =>
      execution.device !== 'GPU' || resources.gpu.count > 0 || pod.resourceClaims !== undefined,
  }),
  valueRule<Spec>('spec', {
    cel: "self.execution.precision != 'TF32' || self.execution.device != 'Auto' || self.resources.gpu.count > 0",
    message: 'TF32 exists on NVIDIA GPUs only, and resources.gpu.count is 0',
    field: 'execution.precision',
    check: ({ execution, resources }) =>
      execution.precision !== 'TF32' || execution.device !== 'Auto' || resources.gpu.count > 0,
  }),
  valueRule<Spec>('spec', {
    cel: 'self.partition.blocks.all(block, !has(block.replacement) || self.replacement.candidates.exists(candidate, candidate.name == block.replacement))',
    message: 'partition.blocks[].replacement must be the name of one of replacement.candidates',
    field: 'partition.blocks',
    check: ({ partition, replacement }) =>
      partition.blocks.every(
        (block) =>
          block.replacement === undefined ||
          replacement.candidates.some((candidate) => candidate.name === block.replacement),
      ),
  }),
  valueRule<Spec>('spec', {
    cel: `!(has(self.storage.s3.endpoint) || has(self.storage.s3.credentialsSecretName)) || ${uriPaths.map(usesS3).join(' || ')}`,
    message: 'storage.s3 is set, but no URI of the manifest begins with s3://',
    field: 'storage.s3',
    check: (spec) =>
      (spec.storage.s3.endpoint === undefined && spec.storage.s3.credentialsSecretName === undefined) ||
      uris(spec).some((uri) => uri?.startsWith(s3Scheme) ?? false),
  }),
];
