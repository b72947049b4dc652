import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildNvmlStandIn, type NvmlStandIn } from '../../test/nvml/nvml-stand-in.ts';
import { card, uuid } from '../../test/nvml/pulse.ts';
import type { EnergySource } from './device-meter.ts';
import { gpuSource } from './gpu-source.ts';
import { openNvml, type Nvml } from './nvml.ts';

let standIn: NvmlStandIn;
let nvml: Nvml;
beforeAll(async () => {
  standIn = await buildNvmlStandIn();
  await standIn.play(...card);
  nvml = await openNvml(standIn.library);
});
afterAll(async () => {
  nvml[Symbol.dispose]();
  await standIn[Symbol.asyncDispose]();
});

async function sourceOf(script: readonly string[], { ownProcess }: { ownProcess?: number } = {}) {
  await standIn.play(...card, 'power 0 0', ...script);
  return gpuSource(nvml.deviceByIndex(0), { mpsClient: false, ownProcess });
}

const failing = (functionName: string, code: number): string => `error ${functionName} ${code} 0 1e9`;
const counter = 'nvmlDeviceGetTotalEnergyConsumption';
const power = 'nvmlDeviceGetPowerUsage';

/** A clock that is read twice a sample, one second apart. */
function reading(source: EnergySource) {
  let seconds = 9;
  return source.read(() => (seconds += 1));
}

test('reads counter and power, for the middle of the time that the counter took', async () => {
  const source = await sourceOf([]);
  expect(source).toMatchObject({ device: uuid, kind: 'GPU', model: 'NVIDIA A100', method: 'Counter' });
  expect(reading(source)).toEqual({ seconds: 10.5, joules: 5000, watts: 0 });
});

test('needs no power beside the counter', async () => {
  const source = await sourceOf([failing(power, 3)]);
  expect(reading(source)).toEqual({ seconds: 10.5, joules: 5000 });
});

test.each([3, 13])('goes by power where there is no counter: %i', async (code) => {
  const source = await sourceOf([failing(counter, code)]);
  expect(source.method).toBe('SampledPower');
  expect(reading(source)).toEqual({ seconds: 10.5, watts: 0 });
});

test('says why a counter that there was can not be read, and still tells the power', async () => {
  const source = await sourceOf([]);
  await standIn.play(...card, 'power 0 0', failing(counter, 10));
  expect(reading(source)).toEqual({
    seconds: 10.5,
    failure: `the driver did not answer in time (${counter}: NVML_ERROR_TIMEOUT)`,
    watts: 0,
  });
});

test('says why power can not be read where it is all there was', async () => {
  const source = await sourceOf(['no-counter']);
  await standIn.play(...card, 'power 0 0', failing(power, 15));
  expect(reading(source).failure).toContain('the GPU is lost');
});

test('is none for a card that answers neither way', async () => {
  await expect(sourceOf(['no-counter', failing(power, 3)])).rejects.toThrow(power);
  await expect(sourceOf([failing(counter, 4)])).rejects.toThrow('NVML_ERROR_NO_PERMISSION');
});

test.each([
  { script: [], ownProcess: 7, kind: 'None' },
  { script: ['process 7 0 1e9'], ownProcess: 7, kind: 'None' },
  { script: ['process 8 0 1e9'], ownProcess: 7, kind: 'Shared' },
  { script: ['process 8 0 1e9'], kind: 'Unknown' },
  { script: ['mps-process 7 0 1e9'], ownProcess: 7, kind: 'Shared' },
  { script: ['mig 1'], ownProcess: 7, kind: 'Shared' },
  { script: [failing('nvmlDeviceGetComputeRunningProcesses_v3', 4)], ownProcess: 7, kind: 'Unknown' },
])('with $script for process $ownProcess its sharing is $kind', async ({ script, ownProcess, kind }) => {
  const source = await sourceOf(script, ownProcess === undefined ? {} : { ownProcess });
  expect(source.sharing?.().kind).toBe(kind);
});
