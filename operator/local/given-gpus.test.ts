import { expect, it } from 'vitest';
import { givenGpus } from './given-gpus.ts';

const [a, b] = ['GPU-aaaa-1', 'GPU-aabb-2'];
const alike = [a, b].map((device) => ({ device, model: 'A100' }));
const mixed = [
  { device: a, model: 'T4' },
  { device: b, model: 'A100' },
];

it('are found by place where CUDA and NVML count alike', () => {
  expect(givenGpus(['1', '0', '2'], alike, {})).toEqual([b, a]);
  expect(givenGpus(['1'], mixed, {})).toEqual([]);
  expect(givenGpus(['1'], mixed, { CUDA_DEVICE_ORDER: 'PCI_BUS_ID' })).toEqual([b]);
});

it('are found by a part of their UUID that only one has', () => {
  expect(givenGpus(['GPU-aab', 'GPU-aa', 'GPU-c'], mixed, {})).toEqual([b]);
});
