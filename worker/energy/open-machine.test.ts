import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildNvmlStandIn, monotonicSeconds, type NvmlStandIn } from '../../test/nvml/nvml-stand-in.ts';
import { openMachine } from './open-machine.ts';

let standIn: NvmlStandIn;
beforeAll(async () => void (standIn = await buildNvmlStandIn()));
afterAll(async () => await standIn[Symbol.asyncDispose]());

const options = { seconds: monotonicSeconds, periodSeconds: 0.1 };

it('measures every card, those in parts and those that others use as well', async () => {
  await standIn.play(
    'device GPU-1 NVIDIA A100',
    'power 0 100',
    'mig 1',
    'device GPU-2 NVIDIA A100',
    'power 0 100',
    'process 1 0 1000',
    'process 2 0 1000',
    'device GPU-3 NVIDIA K80',
    'error nvmlDeviceGetTotalEnergyConsumption 3 0 1000',
    'error nvmlDeviceGetPowerUsage 3 0 1000',
  );
  const { nvml, meters, unknown } = await openMachine(standIn.library, options);
  for (const meter of meters) meter.sample();
  const readings = meters.map((meter) => meter.reading());
  expect(readings.map(({ device, reason, method }) => [device, reason, method])).toEqual([
    ['GPU-1', undefined, 'Counter'],
    ['GPU-2', undefined, 'Counter'],
  ]);
  expect(readings.every(({ joules }) => joules !== null)).toBe(true);
  expect(unknown.map(({ device, joules }) => [device, joules])).toEqual([['GPU-3', null]]);
  nvml?.[Symbol.dispose]();
});

it('says why it sees none', async () => {
  const { meters, unknown } = await openMachine('/nowhere/libnvidia-ml.so.1', options);
  expect(meters).toEqual([]);
  expect(unknown).toMatchObject([
    { device: 'GPU', kind: 'GPU', joules: null, reason: expect.stringMatching(/^NVML is missing/) as string },
  ]);
});
