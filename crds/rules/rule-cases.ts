/** A manifest that breaks a rule, and its nearest neighbour that keeps it; every other field as in the minimal manifest. */
export interface RuleCase {
  /** The path of the rule. */
  readonly rule: string;
  /** How its message begins. */
  readonly says: string;
  /** Where the problem is reported. */
  readonly at: string;
  readonly breaks: Readonly<Record<string, unknown>>;
  readonly keeps: Readonly<Record<string, unknown>>;
}

const digest = 'a'.repeat(64);
const web = 'https://example.com/file';

const heldOutCases = ['spec.dataset.validation', 'spec.dataset.test'].flatMap((rule): RuleCase[] => [
  {
    rule,
    says: 'give exactly one of uri and fraction',
    at: rule,
    breaks: { [rule]: { uri: 'file:///a', fraction: 0.1 } },
    keeps: { [rule]: { uri: 'file:///a' } },
  },
  {
    rule,
    says: 'labelsUri, sha256, labelsSha256, images and labels go with uri only',
    at: rule,
    breaks: { [rule]: { fraction: 0.1, sha256: digest } },
    keeps: { [rule]: { uri: 'file:///a', sha256: digest } },
  },
  {
    rule,
    says: 'an https URI needs sha256',
    at: `${rule}.sha256`,
    breaks: { [rule]: { uri: web } },
    keeps: { [rule]: { uri: web, sha256: digest } },
  },
  {
    rule,
    says: 'an https URI of labels needs labelsSha256',
    at: `${rule}.labelsSha256`,
    breaks: { 'spec.dataset.format': 'IDX', [rule]: { uri: 'file:///a', labelsUri: web } },
    keeps: {
      'spec.dataset.format': 'IDX',
      [rule]: { uri: 'file:///a', labelsUri: web, labelsSha256: digest },
    },
  },
]);

const dataCases: RuleCase[] = [
  {
    rule: 'metadata',
    says: 'must be a DNS label of at most 40 characters',
    at: 'metadata.name',
    breaks: { 'metadata.name': 'a'.repeat(41) },
    keeps: { 'metadata.name': 'a'.repeat(40) },
  },
  {
    rule: 'spec.teacher',
    says: 'an https URI needs sha256',
    at: 'spec.teacher.sha256',
    breaks: { 'spec.teacher': { uri: web } },
    keeps: { 'spec.teacher': { uri: web, sha256: digest } },
  },
  {
    rule: 'spec.dataset.train',
    says: 'an https URI needs sha256',
    at: 'spec.dataset.train.sha256',
    breaks: { 'spec.dataset.train': { uri: web } },
    keeps: { 'spec.dataset.train': { uri: web, sha256: digest } },
  },
  {
    rule: 'spec.dataset.train',
    says: 'an https URI of labels needs labelsSha256',
    at: 'spec.dataset.train.labelsSha256',
    breaks: { 'spec.dataset.format': 'IDX', 'spec.dataset.train.labelsUri': web },
    keeps: { 'spec.dataset.format': 'IDX', 'spec.dataset.train.labelsUri': 'file:///labels' },
  },
  {
    rule: 'spec.dataset',
    says: 'the fractions of validation and test must leave something',
    at: 'spec.dataset',
    breaks: { 'spec.dataset.validation': { fraction: 0.5 }, 'spec.dataset.test': { fraction: 0.5 } },
    keeps: { 'spec.dataset.validation': { fraction: 0.5 }, 'spec.dataset.test': { fraction: 0.4 } },
  },
  {
    rule: 'spec.dataset',
    says: 'labelsUri is for formats NPY and IDX only',
    at: 'spec.dataset',
    breaks: { 'spec.dataset.train.labelsUri': 'file:///labels' },
    keeps: { 'spec.dataset.format': 'NPY', 'spec.dataset.train.labelsUri': 'file:///labels' },
  },
  {
    rule: 'spec.dataset',
    says: 'images and labels name the arrays of format NPZ only',
    at: 'spec.dataset',
    breaks: { 'spec.dataset.test': { uri: 'file:///a', images: 'x_test' } },
    keeps: { 'spec.dataset.format': 'NPZ', 'spec.dataset.test': { uri: 'file:///a', images: 'x_test' } },
  },
  {
    rule: 'spec.dataset.preprocessing',
    says: 'mean and std must have as many numbers as each other',
    at: 'spec.dataset.preprocessing',
    breaks: { 'spec.dataset.preprocessing': { mean: [1, 2, 3], std: [1, 2] } },
    keeps: { 'spec.dataset.preprocessing': { mean: [1, 2, 3], std: [1] } },
  },
  {
    rule: 'spec.dataset.preprocessing',
    says: 'mean and std must have one number, or one for each of image.channels',
    at: 'spec.dataset.preprocessing',
    breaks: { 'spec.dataset.preprocessing': { image: { height: 8, width: 8, channels: 3 }, mean: [1, 2] } },
    keeps: { 'spec.dataset.preprocessing': { image: { height: 8, width: 8, channels: 3 }, mean: [1, 2, 3] } },
  },
  {
    rule: 'spec.partition',
    says: 'strategy Explicit needs blocks',
    at: 'spec.partition.blocks',
    breaks: { 'spec.partition.strategy': 'Explicit' },
    keeps: { 'spec.partition': { strategy: 'Explicit', blocks: [{ name: 'b', from: 'x', to: 'y' }] } },
  },
  {
    rule: 'spec.output',
    says: 'https is read only',
    at: 'spec.output.uri',
    breaks: { 'spec.output.uri': web },
    keeps: { 'spec.output.uri': 's3://bucket/key' },
  },
  {
    rule: 'spec.storage',
    says: 'https is read only',
    at: 'spec.storage.uri',
    breaks: { 'spec.storage.uri': web },
    keeps: { 'spec.storage.uri': 'file:///exchange' },
  },
];

/** member, value, an optimizer that has it, one that has not */
const optimizerMembers = [
  ['momentum', 0.8, 'RMSprop', 'Adam'],
  ['nesterov', true, 'SGD', 'RMSprop'],
  ['rho', 0.8, 'RMSprop', 'SGD'],
  ['beta1', 0.8, 'AdamW', 'SGD'],
  ['beta2', 0.99, 'Adam', 'RMSprop'],
  ['epsilon', 1e-8, 'RMSprop', 'SGD'],
  ['weightDecay', 0.01, 'AdamW', 'Adam'],
] as const;

const scheduleMembers = [
  ['decaySteps', 10, 'Exponential', 'Cosine'],
  ['decayRate', 0.5, 'Exponential', 'Constant'],
  ['staircase', false, 'Exponential', 'Cosine'],
  ['finalFraction', 0.1, 'Cosine', 'Exponential'],
] as const;

const trainingCases = ['spec.distill', 'spec.finetune'].flatMap((stage): RuleCase[] => [
  ...optimizerMembers.map(([member, value, right, wrong]) => ({
    rule: `${stage}.optimizer`,
    says: `${member} belongs to`,
    at: `${stage}.optimizer.${member}`,
    breaks: { [`${stage}.optimizer`]: { name: wrong, [member]: value } },
    keeps: { [`${stage}.optimizer`]: { name: right, [member]: value } },
  })),
  ...scheduleMembers.map(([member, value, right, wrong]) => ({
    rule: `${stage}.learningRate`,
    says: `${member} belongs to`,
    at: `${stage}.learningRate.${member}`,
    breaks: { [`${stage}.learningRate`]: { schedule: wrong, [member]: value } },
    keeps: { [`${stage}.learningRate`]: { schedule: right, [member]: value } },
  })),
]);

const block = { name: 'b', from: 'x', to: 'y' };

const otherCases: RuleCase[] = [
  {
    rule: 'spec.distill',
    says: 'give epochs or steps, not both',
    at: 'spec.distill.steps',
    breaks: { 'spec.distill': { epochs: 3, steps: 100 } },
    keeps: { 'spec.distill': { steps: 100 } },
  },
  {
    rule: 'spec.execution',
    says: 'packing Auto needs maxParallel',
    at: 'spec.execution.maxParallel',
    breaks: { 'spec.execution': { packing: 'Auto' } },
    keeps: { 'spec.execution': { packing: 'Auto', maxParallel: 4 } },
  },
  {
    rule: 'spec.execution',
    says: 'TF32 exists on NVIDIA GPUs only; with device CPU',
    at: 'spec.execution.precision',
    breaks: { 'spec.execution': { precision: 'TF32', device: 'CPU' } },
    keeps: { 'spec.execution': { precision: 'TF32', device: 'GPU' } },
  },
  {
    rule: 'spec.execution.baseline',
    says: 'mode Job needs jobName',
    at: 'spec.execution.baseline.jobName',
    breaks: { 'spec.execution.baseline.mode': 'Job' },
    keeps: { 'spec.execution.baseline': { mode: 'Job', jobName: 'serial' } },
  },
  {
    rule: 'spec',
    says: 'execution.device GPU needs resources.gpu.count',
    at: 'spec.execution.device',
    breaks: { 'spec.execution.device': 'GPU', 'spec.resources.gpu.count': 0 },
    keeps: {
      'spec.execution.device': 'GPU',
      'spec.resources.gpu.count': 0,
      'spec.pod.resourceClaims': [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }],
    },
  },
  {
    rule: 'spec',
    says: 'TF32 exists on NVIDIA GPUs only, and resources.gpu.count is 0',
    at: 'spec.execution.precision',
    breaks: { 'spec.execution.precision': 'TF32', 'spec.resources.gpu.count': 0 },
    keeps: { 'spec.execution.precision': 'TF32' },
  },
  {
    rule: 'spec',
    says: 'partition.blocks[].replacement must be the name of one',
    at: 'spec.partition.blocks',
    breaks: { 'spec.partition': { strategy: 'Explicit', blocks: [{ ...block, replacement: 'slim' }] } },
    keeps: {
      'spec.partition': { strategy: 'Explicit', blocks: [{ ...block, replacement: 'slim' }] },
      'spec.replacement.candidates': [{ name: 'slim' }],
    },
  },
  {
    rule: 'spec',
    says: 'storage.s3 is set, but no URI',
    at: 'spec.storage.s3',
    breaks: { 'spec.storage.s3.endpoint': 'https://minio:9000' },
    keeps: {
      'spec.storage.s3.endpoint': 'https://minio:9000',
      'spec.dataset.test': { uri: 's3://data/test' },
    },
  },
  {
    rule: 'spec.pod.volumes[]',
    says: 'give exactly one of persistentVolumeClaim',
    at: 'spec.pod.volumes.0',
    breaks: { 'spec.pod.volumes': [{ name: 'data', emptyDir: {}, nfs: { server: 'a', path: '/' } }] },
    keeps: { 'spec.pod.volumes': [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] },
  },
  {
    rule: 'spec.pod.env[]',
    says: 'give value or valueFrom, not both',
    at: 'spec.pod.env.0',
    breaks: {
      'spec.pod.env': [{ name: 'A', value: '1', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
    },
    keeps: { 'spec.pod.env': [{ name: 'A', value: '1' }] },
  },
  {
    rule: 'spec.pod.env[].valueFrom',
    says: 'give exactly one of secretKeyRef',
    at: 'spec.pod.env.0.valueFrom',
    breaks: { 'spec.pod.env': [{ name: 'A', valueFrom: {} }] },
    keeps: { 'spec.pod.env': [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }] },
  },
  {
    rule: 'spec.pod.envFrom[]',
    says: 'give exactly one of configMapRef',
    at: 'spec.pod.envFrom.0',
    breaks: { 'spec.pod.envFrom': [{ configMapRef: { name: 'a' }, secretRef: { name: 'b' } }] },
    keeps: { 'spec.pod.envFrom': [{ secretRef: { name: 'b' } }] },
  },
];

export const ruleCases: readonly RuleCase[] = [
  ...dataCases,
  ...heldOutCases,
  ...trainingCases,
  ...otherCases,
];
