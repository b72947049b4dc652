import { mkdir, mkdtempDisposable, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNvmlStandIn, monotonicSeconds, type NvmlStandIn } from './nvml-stand-in.ts';
import { card, expectWithin, gpuOf, idle, pulse, pulseJoules, pulseSeconds, until } from './pulse.ts';
import { startMeterOn } from './start-meter.ts';
import type { EnergyMeter, EnergyMeterOptions } from '../../worker/energy/energy-meter.ts';

let standIn: NvmlStandIn;
beforeAll(async () => void (standIn = await buildNvmlStandIn()));
afterAll(async () => await standIn[Symbol.asyncDispose]());

const startMeter = async (options: Partial<EnergyMeterOptions> = {}): Promise<EnergyMeter> =>
  await startMeterOn(standIn, options);

describe('a GPU that can not be measured', () => {
  const always = '0 1e9';
  it.each<{ name: string; script: readonly string[]; environment?: Record<string, string>; says: string }>([
    { name: 'MIG is on', script: [...card, 'mig 1'], says: 'not attributable: MIG is on' },
    {
      name: 'others compute on it',
      script: [...card, `process 1001 ${always}`, `process 1002 ${always}`],
      says: 'not attributable: 2 ',
    },
    {
      name: 'it is used through MPS',
      script: [...card, 'compute-mode 3', `mps-process 1001 ${always}`],
      says: 'not attributable: the GPU is used through a Multi-Process Service',
    },
    {
      name: 'this process is a client of MPS',
      script: card,
      environment: { CUDA_MPS_PIPE_DIRECTORY: '/mps/pipe' },
      says: 'not attributable: the GPU is used through a Multi-Process Service',
    },
    {
      name: 'the driver is not loaded',
      script: [`error nvmlInit_v2 9 ${always}`],
      says: 'driver is not loaded',
    },
    { name: 'the driver is another', script: [`error nvmlInit_v2 18 ${always}`], says: 'different versions' },
    {
      name: 'it may not be asked',
      script: [...card, `error nvmlDeviceGetTotalEnergyConsumption 4 ${always}`],
      says: 'may not ask the NVIDIA driver (nvmlDeviceGetTotalEnergyConsumption: NVML_ERROR_NO_PERMISSION)',
    },
    {
      name: 'the library is missing',
      script: card,
      environment: { BLOCKSTILL_NVML: '/nowhere/libnvidia-ml.so.1' },
      says: 'NVML is missing: there is no /nowhere/libnvidia-ml.so.1',
    },
    {
      name: 'it is a part of one',
      script: card,
      environment: { CUDA_VISIBLE_DEVICES: 'MIG-1' },
      says: 'not attributable: the unit runs on a MIG instance',
    },
    { name: 'none is visible', script: card, environment: { CUDA_VISIBLE_DEVICES: '' }, says: 'no GPU' },
  ])('has null for its joules, with the reason: $name', async ({ script, environment = {}, says }) => {
    await standIn.play(...script);
    await using meter = await startMeter({ environment });
    expect(gpuOf(meter.latest())).toMatchObject({ joules: null, reason: expect.stringContaining(says) });
    const marked = gpuOf(await meter.mark());
    expect(marked).toMatchObject({ joules: null, reason: expect.stringContaining(says) });
    expect(marked.sharing === 'Shared').toBe(says.startsWith('not attributable'));
  });

  it('is noticed when others come while it is measured', async () => {
    await standIn.play(...card, 'power 0 100');
    await using meter = await startMeter();
    expect(gpuOf(await meter.mark()).joules).not.toBeNull();
    await standIn.play(...card, 'power 0 100', `process 1001 ${always}`, `process 1002 ${always}`);
    await expect.poll(() => gpuOf(meter.latest()).joules, { timeout: 20_000 }).toBeNull();
    expect(gpuOf(meter.latest())).toMatchObject({
      sharing: 'Shared',
      reason: expect.stringContaining('not attributable'),
    });
  });
});

describe('a meter in trouble', () => {
  it('answers after its end as it did last', async () => {
    await standIn.play(...idle);
    const meter = await startMeter();
    const last = await meter.mark();
    await meter.close();
    await meter.close();
    expect(meter.latest()).toEqual(last);
    expect(await meter.mark()).toEqual(last);
  });

  it('does not wait for a driver that hangs, and measures again when it answers', async () => {
    await standIn.play(...idle);
    await using meter = await startMeter();
    const end = 9;
    const start = await standIn.play(...card, ...pulse, `hang nvmlDeviceGetPowerUsage 1.5 ${end}`);
    await until(start + 2);
    const reading = gpuOf(await meter.mark());
    expect(monotonicSeconds()).toBeLessThan(start + end + 0.5);
    expectWithin(0.001, reading.knownJoules, pulseJoules);
    expect(reading.joules).toBeNull();
    expect(reading.reason).toMatch(/^the energy meter has not looked for [56] s$/);
    await until(start + end);
    await expect.poll(() => gpuOf(meter.latest()).joules, { timeout: 20_000 }).not.toBeNull();
    expectWithin(0.001, gpuOf(meter.latest()).joules, pulseJoules);
    await expect.poll(() => gpuOf(meter.latest()).gaps).toBeGreaterThan(0);
  });

  it('begins without one when the driver hangs', async () => {
    await standIn.play(...idle, 'hang nvmlDeviceGetUUID 0 7');
    await using meter = await startMeter();
    expect(gpuOf(await meter.mark())).toMatchObject({
      device: 'GPU',
      joules: null,
      reason: 'the energy meter has failed: the driver does not answer',
    });
  });

  it('keeps what was known when its thread fails', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'powercap-'));
    // Reasons that name these files are too long to be told: a defect, as far as the thread is concerned.
    const powercap = join(folder.path, ...Array.from({ length: 14 }, () => 'x'.repeat(250)));
    for (let package_ = 0; package_ < 60; package_ += 1) {
      const zone = join(powercap, `intel-rapl:${package_}`);
      await mkdir(zone, { recursive: true });
      await writeFile(join(zone, 'name'), `package-${package_}`);
      await writeFile(join(zone, 'max_energy_range_uj'), '262143328850');
      await writeFile(join(zone, 'energy_uj'), '0');
    }
    await standIn.play(...idle);
    await using meter = await startMeter({ environment: { BLOCKSTILL_POWERCAP: powercap } });
    const start = await standIn.play(...card, ...pulse);
    await until(start + pulseSeconds + 0.2);
    expectWithin(0.001, gpuOf(await meter.mark()).joules, pulseJoules);
    await rm(folder.path, { recursive: true });
    await expect.poll(async () => gpuOf(await meter.mark()).joules, { timeout: 20_000 }).toBeNull();
    const reading = gpuOf(meter.latest());
    expectWithin(0.001, reading.knownJoules, pulseJoules);
    expect(reading).toMatchObject({
      meanWatts: null,
      reason: expect.stringMatching(/^the energy meter has failed: A text of \d+ bytes is too long/),
    });
  });
});
