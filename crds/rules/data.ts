import type { Metadata } from '../distillation-job.ts';
import type { Dataset, HeldOut, Preprocessing } from '../spec/dataset.ts';
import type { Storage } from '../spec/execution.ts';
import type { Output, Partition } from '../spec/network.ts';
import { valueRule, type Rule } from './rule.ts';

interface Located {
  readonly uri?: string | undefined;
  readonly sha256?: string | undefined;
  readonly labelsUri?: string | undefined;
  readonly labelsSha256?: string | undefined;
}

function isHttps(uri: string | undefined): boolean {
  return uri?.startsWith('https://') ?? false;
}

/** Content from the web has no other identity than its digest. */
function digestRule(path: string): Rule {
  return valueRule<Located>(path, {
    cel: "!has(self.uri) || !self.uri.startsWith('https://') || has(self.sha256)",
    message: 'an https URI needs sha256, the digest of what lies there',
    field: 'sha256',
    check: (value) => !isHttps(value.uri) || value.sha256 !== undefined,
  });
}

function labelsDigestRule(path: string): Rule {
  return valueRule<Located>(path, {
    cel: "!has(self.labelsUri) || !self.labelsUri.startsWith('https://') || has(self.labelsSha256)",
    message: 'an https URI of labels needs labelsSha256, the digest of what lies there',
    field: 'labelsSha256',
    check: (value) => !isHttps(value.labelsUri) || value.labelsSha256 !== undefined,
  });
}

function heldOutRules(path: string): Rule[] {
  return [
    valueRule<HeldOut>(path, {
      cel: 'has(self.uri) != has(self.fraction)',
      message: 'give exactly one of uri and fraction',
      check: (value) => (value.uri === undefined) !== (value.fraction === undefined),
    }),
    valueRule<HeldOut>(path, {
      cel: 'has(self.uri) || !(has(self.labelsUri) || has(self.sha256) || has(self.labelsSha256) || has(self.images) || has(self.labels))',
      message: 'labelsUri, sha256, labelsSha256, images and labels go with uri only, not with fraction',
      check: (value) =>
        value.uri !== undefined ||
        [value.labelsUri, value.sha256, value.labelsSha256, value.images, value.labels].every(
          (member) => member === undefined,
        ),
    }),
    digestRule(path),
    labelsDigestRule(path),
  ];
}

function splits(dataset: Dataset): (Dataset['train'] | HeldOut)[] {
  return [dataset.train, dataset.validation, ...(dataset.test === undefined ? [] : [dataset.test])];
}

/** CEL: whether any split has one of the members. */
function anySplitHas(members: readonly string[]): string {
  const ofTrain = members.map((member) => `has(self.train.${member})`);
  const ofOthers = ['validation', 'test'].map(
    (split) =>
      `has(self.${split}) && (${members.map((member) => `has(self.${split}.${member})`).join(' || ')})`,
  );
  return [...ofTrain, ...ofOthers.map((condition) => `(${condition})`)].join(' || ');
}

function writableRule(path: string): Rule {
  return valueRule<Output | Storage>(path, {
    cel: "!has(self.uri) || !self.uri.startsWith('https://')",
    message: 'https is read only; use file:/// or s3://',
    field: 'uri',
    check: (value) => !isHttps(value.uri),
  });
}

export const dataRules: readonly Rule[] = [
  valueRule<Metadata>('metadata', {
    cel: "size(self.metadata.name) <= 40 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
    message:
      'must be a DNS label of at most 40 characters: lower-case letters, digits and "-", beginning and ending with a letter or digit',
    field: 'name',
    check: (value) => value.name.length <= 40 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(value.name),
  }),
  digestRule('spec.teacher'),
  digestRule('spec.dataset.train'),
  labelsDigestRule('spec.dataset.train'),
  ...heldOutRules('spec.dataset.validation'),
  ...heldOutRules('spec.dataset.test'),
  valueRule<Dataset>('spec.dataset', {
    cel: '!has(self.validation) || !has(self.validation.fraction) || !has(self.test) || !has(self.test.fraction) || self.validation.fraction + self.test.fraction < 1.0',
    message: 'the fractions of validation and test must leave something to train on: together below 1',
    check: (value) => (value.validation.fraction ?? 0) + (value.test?.fraction ?? 0) < 1,
  }),
  valueRule<Dataset>('spec.dataset', {
    cel: `self.format in ['NPY', 'IDX'] || !(${anySplitHas(['labelsUri'])})`,
    message: 'labelsUri is for formats NPY and IDX only; the other formats hold their labels themselves',
    check: (value) =>
      value.format === 'NPY' ||
      value.format === 'IDX' ||
      splits(value).every((split) => split.labelsUri === undefined),
  }),
  valueRule<Dataset>('spec.dataset', {
    cel: `self.format == 'NPZ' || !(${anySplitHas(['images', 'labels'])})`,
    message: 'images and labels name the arrays of format NPZ only',
    check: (value) =>
      value.format === 'NPZ' ||
      splits(value).every((split) => split.images === undefined && split.labels === undefined),
  }),
  valueRule<Preprocessing>('spec.dataset.preprocessing', {
    cel: '!has(self.mean) || !has(self.std) || size(self.mean) <= 1 || size(self.std) <= 1 || size(self.mean) == size(self.std)',
    message: 'mean and std must have as many numbers as each other, or one number for all channels',
    check: ({ mean, std }) => mean.length <= 1 || std.length <= 1 || mean.length === std.length,
  }),
  valueRule<Preprocessing>('spec.dataset.preprocessing', {
    cel: '!has(self.image) || ((!has(self.mean) || size(self.mean) <= 1 || size(self.mean) == self.image.channels) && (!has(self.std) || size(self.std) <= 1 || size(self.std) == self.image.channels))',
    message: 'mean and std must have one number, or one for each of image.channels',
    check: ({ image, mean, std }) =>
      image === undefined || [mean, std].every((list) => list.length <= 1 || list.length === image.channels),
  }),
  valueRule<Partition>('spec.partition', {
    cel: "has(self.strategy) && self.strategy == 'Explicit' ? has(self.blocks) && size(self.blocks) > 0 : !has(self.blocks) || size(self.blocks) == 0",
    message: 'strategy Explicit needs blocks, and blocks go with strategy Explicit only',
    field: 'blocks',
    check: (value) => (value.strategy === 'Explicit') === value.blocks.length > 0,
  }),
  writableRule('spec.output'),
  writableRule('spec.storage'),
];
