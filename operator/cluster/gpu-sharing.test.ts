import { describe, expect, it } from 'vitest';
import { sharingByLabels, sharingByName } from './gpu-sharing.ts';

const gpu = { node: 'a', resourceName: 'nvidia.com/gpu' };

/** The labels of a node with an A100, as GPU feature discovery writes them. */
function labels(change: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const own = {
    'gpu.product': 'NVIDIA-A100-SXM4-80GB',
    'gpu.replicas': '1',
    'mig.capable': 'true',
    ...change,
  };
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [`nvidia.com/${name}`, value]));
}

describe('the labels of a node', () => {
  it.each([
    ['a card a pod', { 'gpu.sharing-strategy': 'none' }],
    ['no strategy, from before there was one', {}],
    ['MIG with names of its own', { 'gpu.sharing-strategy': 'none', 'mig.strategy': 'mixed' }],
    ['a strategy for MIG, and no instance', { 'mig.strategy': 'single' }],
  ])('say that a GPU is not shared: %s', (_, change) => {
    expect(sharingByLabels(gpu, labels(change))).toEqual({ kind: 'None' });
  });

  it.each([
    [{ 'gpu.sharing-strategy': 'time-slicing', 'gpu.replicas': '4' }, 'the GPUs of node a are time-sliced'],
    [{ 'gpu.sharing-strategy': 'mps', 'gpu.replicas': '2' }, 'the GPUs of node a are shared through MPS'],
    [{ 'gpu.replicas': '4' }, 'the GPUs of node a are given to up to 4 pods each'],
    [{ 'gpu.product': 'Tesla-T4-SHARED' }, 'the GPUs of node a are given to up to several pods each'],
    [
      {
        'mig.strategy': 'single',
        'gpu.product': 'NVIDIA-A100-SXM4-80GB-MIG-1g.10gb',
        'gpu.sharing-strategy': 'none',
      },
      'the GPUs of node a are MIG instances (NVIDIA-A100-SXM4-80GB-MIG-1g.10gb)',
    ],
  ])('say why a GPU is shared: %j', (change, reason) => {
    expect(sharingByLabels(gpu, labels(change))).toEqual({ kind: 'Shared', reason });
  });

  it.each([
    [{}, 'nvidia.com/gpu', 'node a has no label of GPU feature discovery'],
    [
      { 'nvidia.com/gpu.sharing-strategy': 'new' },
      'nvidia.com/gpu',
      'the label nvidia.com/gpu.sharing-strategy of node a is "new"',
    ],
    [labels(), 'amd.com/gpu', 'no label says how amd.com/gpu of node a is given out'],
  ])('may say nothing: %j', (given, resourceName, reason) => {
    expect(sharingByLabels({ node: 'a', resourceName }, given)).toEqual({ kind: 'Unknown', reason });
  });
});

it('the name of a resource may say it, whatever the node does', () => {
  expect(sharingByName({ resourceName: 'nvidia.com/mig-1g.10gb' })).toEqual({
    kind: 'Shared',
    reason: 'nvidia.com/mig-1g.10gb is a MIG instance, and the card measures all of them together',
  });
  expect(sharingByName({ resourceName: 'nvidia.com/gpu.shared' })).toEqual({
    kind: 'Shared',
    reason: 'nvidia.com/gpu.shared is a share of a GPU that others use as well',
  });
  expect(sharingByName(gpu)).toBeUndefined();
});
