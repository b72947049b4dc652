import { expect, test } from 'vitest';
import { visibleGpu, type Environment } from './visible-gpu.ts';

const uuid = 'GPU-11111111-2222-3333-4444-555555555555';

test.each<{ environment: Environment; found: object }>([
  { environment: {}, found: { kind: 'Index', index: 0, inBusOrder: false } },
  { environment: { NVIDIA_VISIBLE_DEVICES: 'all' }, found: { kind: 'Index', index: 0 } },
  // The third card of the node is the first one in the container.
  { environment: { NVIDIA_VISIBLE_DEVICES: '3' }, found: { kind: 'Index', index: 0 } },
  { environment: { NVIDIA_VISIBLE_DEVICES: `${uuid},GPU-2` }, found: { kind: 'Uuid', uuid } },
  // As in a pod whose GPU comes by a resource claim.
  { environment: { NVIDIA_VISIBLE_DEVICES: 'void' }, found: { kind: 'Index', index: 0 } },
  { environment: { NVIDIA_VISIBLE_DEVICES: 'none', CUDA_VISIBLE_DEVICES: '0' }, found: { kind: 'None' } },
  { environment: { NVIDIA_VISIBLE_DEVICES: 'MIG-1' }, found: { kind: 'None' } },
  { environment: { CUDA_VISIBLE_DEVICES: '2,1' }, found: { kind: 'Index', index: 2 } },
  {
    environment: { CUDA_VISIBLE_DEVICES: '1', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' },
    found: { kind: 'Index', index: 1, inBusOrder: true },
  },
  {
    environment: { CUDA_VISIBLE_DEVICES: '1', NVIDIA_VISIBLE_DEVICES: uuid },
    found: { kind: 'Index', index: 1 },
  },
  { environment: { CUDA_VISIBLE_DEVICES: 'GPU-111' }, found: { kind: 'Uuid', uuid: 'GPU-111' } },
  { environment: { CUDA_VISIBLE_DEVICES: 'MIG-2,0' }, found: { kind: 'None' } },
  { environment: { CUDA_VISIBLE_DEVICES: '' }, found: { kind: 'None' } },
  { environment: { CUDA_VISIBLE_DEVICES: '-1' }, found: { kind: 'None' } },
])('$environment shows $found', ({ environment, found }) => {
  expect(visibleGpu(environment)).toMatchObject(found);
});

test('says why there is none', () => {
  expect(visibleGpu({ CUDA_VISIBLE_DEVICES: '-1' })).toEqual({
    kind: 'None',
    reason: 'CUDA_VISIBLE_DEVICES=-1 gives this process no GPU',
  });
  expect(visibleGpu({ NVIDIA_VISIBLE_DEVICES: 'MIG-1' })).toEqual({
    kind: 'None',
    sharing: 'Shared',
    reason: expect.stringMatching(/^not attributable: .*MIG/),
  });
});
