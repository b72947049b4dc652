import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNvmlStandIn, type NvmlStandIn } from '../../test/nvml/nvml-stand-in.ts';
import { NvmlError } from './nvml-error.ts';
import { openNvml } from './nvml.ts';

const first = 'GPU-11111111-2222-3333-4444-555555555555';
const second = 'GPU-66666666-7777-8888-9999-000000000000';
const always = '0 1e9';

let standIn: NvmlStandIn;
beforeAll(async () => void (standIn = await buildNvmlStandIn()));
afterAll(async () => await standIn[Symbol.asyncDispose]());

async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}

describe('NVML, called as C', () => {
  it('tells what a card is and how it is doing', async () => {
    await standIn.play(
      'driver 550.54.15',
      `device ${first} NVIDIA A100-SXM4-80GB`,
      'power 0 251.5',
      `process 4242 ${always}`,
      `process 4294967294 ${always}`,
      `mps-process 77 ${always}`,
      'mig 1',
      'compute-mode 3',
      `device ${second} Tesla V100`,
    );
    using nvml = await openNvml(standIn.library);
    expect(nvml.driverVersion).toBe('550.54.15');
    expect(nvml.deviceCount()).toBe(2);
    const device = nvml.deviceByIndex(0);
    expect(device.uuid).toBe(first);
    expect(device.name).toBe('NVIDIA A100-SXM4-80GB');
    expect(device.milliwatts()).toBe(251_500);
    // As written in libnvidia-ml.c.
    expect(device.state()).toEqual({
      utilization: 87,
      watts: 251.5,
      memoryUsedBytes: 12 * 2 ** 30,
      memoryTotalBytes: 80 * 2 ** 30,
      celsius: 63,
      graphicsMegahertz: 1410,
      memoryMegahertz: 1593,
      computeMode: 'ExclusiveProcess',
    });
    expect(device.isMigEnabled()).toBe(true);
    expect(device.computeProcesses()).toEqual([4242, 4294967294]);
    expect(device.mpsProcesses()).toEqual([77]);
    const other = nvml.deviceByUuid(second);
    expect([other.uuid, other.name]).toEqual([second, 'Tesla V100']);
    expect([other.isMigEnabled(), other.state().computeMode, other.computeProcesses()]).toEqual([
      false,
      'Default',
      [],
    ]);
  });

  it.each([
    { joules: 0, millijoules: 0 },
    { joules: 1234.567, millijoules: 1_234_567 },
    // Beyond 32 bits, and beyond 2^53, where koffi changes to another type.
    { joules: 5_000_000, millijoules: 5_000_000_000 },
    { joules: 2 ** 60 / 1000, millijoules: 2 ** 60 },
  ])('reads $millijoules mJ', async ({ joules, millijoules }) => {
    await standIn.play(`device ${first} A100`, `counter ${joules}`);
    using nvml = await openNvml(standIn.library);
    expect(nvml.deviceByIndex(0).millijoules()).toBe(millijoules);
  });

  it('leaves out what a card does not tell', async () => {
    await standIn.play(
      `device ${first} A2`,
      `error nvmlDeviceGetUtilizationRates 3 ${always}`,
      `error nvmlDeviceGetMemoryInfo 13 ${always}`,
      `error nvmlDeviceGetPowerUsage 3 ${always}`,
      `error nvmlDeviceGetMigMode 3 ${always}`,
      `error nvmlDeviceGetComputeMode 3 ${always}`,
      `error nvmlDeviceGetMPSComputeRunningProcesses_v3 13 ${always}`,
    );
    using nvml = await openNvml(standIn.library);
    const device = nvml.deviceByIndex(0);
    expect(device.state()).toEqual({ celsius: 63, graphicsMegahertz: 1410, memoryMegahertz: 1593 });
    expect([device.isMigEnabled(), device.mpsProcesses()]).toEqual([false, []]);
  });
});

describe('an error of NVML', () => {
  it.each([
    { code: 3, returned: 'NOT_SUPPORTED', says: 'this GPU does not support it' },
    { code: 4, returned: 'NO_PERMISSION', says: 'this process may not ask the NVIDIA driver' },
    { code: 15, returned: 'GPU_IS_LOST', says: 'the GPU is lost' },
    { code: 16, returned: 'RESET_REQUIRED', says: 'must be reset' },
    { code: 30, returned: 'RESET_TYPE_NOT_SUPPORTED', says: 'NVML reports an error' },
    { code: 999, returned: 'UNKNOWN', says: 'NVML reports an error' },
    { code: 1234, returned: 'RETURN_1234', says: 'NVML reports an error' },
  ])('has a name and words: $code is $returned', async ({ code, returned, says }) => {
    await standIn.play(`device ${first} A100`, `error nvmlDeviceGetPowerUsage ${code} ${always}`);
    using nvml = await openNvml(standIn.library);
    const device = nvml.deviceByIndex(0);
    const error = await thrownBy(() => device.milliwatts());
    expect(error).toBeInstanceOf(NvmlError);
    expect(error).toMatchObject({
      returned,
      functionName: 'nvmlDeviceGetPowerUsage',
      code: 'energy/nvml-call',
    });
    expect((error as Error).message).toContain(says);
    expect((error as Error).message).toContain(`nvmlDeviceGetPowerUsage: NVML_ERROR_${returned}`);
  });

  it.each([
    { code: 9, says: "NVIDIA's driver is not loaded" },
    { code: 18, says: 'libnvidia-ml and the loaded driver are of different versions' },
    { code: 4, says: 'may not ask the NVIDIA driver' },
  ])('can come right at the start: $code', async ({ code, says }) => {
    await standIn.play(`error nvmlInit_v2 ${code} ${always}`);
    await expect(openNvml(standIn.library)).rejects.toThrow(says);
  });

  it('says that a card is not there, or not any more', async () => {
    await standIn.play(`device ${first} A100`);
    using nvml = await openNvml(standIn.library);
    expect(await thrownBy(() => nvml.deviceByUuid(second))).toMatchObject({ returned: 'NOT_FOUND' });
    expect(await thrownBy(() => nvml.deviceByIndex(1))).toMatchObject({ returned: 'INVALID_ARGUMENT' });
    const device = nvml.deviceByIndex(0);
    await standIn.play(`device ${first} A100`, 'lost 0');
    expect(await thrownBy(() => device.millijoules())).toMatchObject({ returned: 'GPU_IS_LOST' });
  });

  it('says that the library is missing, is none, or is too old', async () => {
    expect(await thrownBy(() => openNvml('/nowhere/libnvidia-ml.so.1'))).toMatchObject({
      code: 'energy/no-nvml',
      message: expect.stringContaining('there is no /nowhere/libnvidia-ml.so.1'),
    });
    expect(await thrownBy(() => openNvml(import.meta.filename))).toMatchObject({
      code: 'energy/no-nvml',
      message: expect.stringContaining('invalid ELF header'),
    });
    expect(await thrownBy(() => openNvml('libc.so.6'))).toMatchObject({
      returned: 'FUNCTION_NOT_FOUND',
      message: expect.stringContaining('the driver is too old'),
    });
  });
});
