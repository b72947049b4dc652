import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildNvmlStandIn, type NvmlStandIn } from '../../test/nvml/nvml-stand-in.ts';
import { findGpu } from './find-gpu.ts';
import { openNvml } from './nvml.ts';
import type { VisibleGpu } from './visible-gpu.ts';

let standIn: NvmlStandIn;
beforeAll(async () => void (standIn = await buildNvmlStandIn()));
afterAll(async () => await standIn[Symbol.asyncDispose]());

const tail = '-2222-3333-4444-555555555555';
const alike = [`device GPU-aaaa1111${tail} A100`, `device GPU-aaaa2222${tail} A100`];
const mixed = [...alike, `device GPU-bbbb3333${tail} T4`];

async function find(devices: readonly string[], visible: VisibleGpu): Promise<string> {
  await standIn.play(...devices);
  using nvml = await openNvml(standIn.library);
  return findGpu(nvml, visible).uuid;
}

test.each<{ devices: readonly string[]; visible: VisibleGpu; uuid: string }>([
  { devices: alike, visible: { kind: 'Index', index: 1, inBusOrder: false }, uuid: `GPU-aaaa2222${tail}` },
  { devices: mixed, visible: { kind: 'Index', index: 2, inBusOrder: true }, uuid: `GPU-bbbb3333${tail}` },
  { devices: mixed, visible: { kind: 'Uuid', uuid: `GPU-aaaa2222${tail}` }, uuid: `GPU-aaaa2222${tail}` },
  { devices: mixed, visible: { kind: 'Uuid', uuid: 'GPU-b' }, uuid: `GPU-bbbb3333${tail}` },
])('finds $uuid as $visible', async ({ devices, visible, uuid }) => {
  expect(await find(devices, visible)).toBe(uuid);
});

test.each<{ devices: readonly string[]; visible: VisibleGpu; says: string }>([
  {
    devices: mixed,
    visible: { kind: 'Index', index: 0, inBusOrder: false },
    says: 'set CUDA_DEVICE_ORDER=PCI_BUS_ID',
  },
  {
    devices: alike,
    visible: { kind: 'Index', index: 2, inBusOrder: true },
    says: 'NVML sees 2 GPUs, and none of number 2',
  },
  {
    devices: alike,
    visible: { kind: 'Uuid', uuid: 'GPU-aaaa' },
    says: '2 GPUs whose UUID begins with GPU-aaaa',
  },
  { devices: alike, visible: { kind: 'Uuid', uuid: `GPU-cccc0000${tail}` }, says: 'no such GPU is visible' },
  { devices: [], visible: { kind: 'Index', index: 0, inBusOrder: false }, says: 'NVML sees 0 GPUs' },
])('refuses $visible: $says', async ({ devices, visible, says }) => {
  await expect(find(devices, visible)).rejects.toThrow(says);
});
