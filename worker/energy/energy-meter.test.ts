import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtempDisposable, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNvmlStandIn, monotonicSeconds, type NvmlStandIn } from '../../test/nvml/nvml-stand-in.ts';
import { addReadings, energyReadingSchema, type EnergyReading } from '../contract/energy-reading.ts';
import { EnergyMeter, type EnergyMeterOptions } from './energy-meter.ts';

const uuid = 'GPU-11111111-2222-3333-4444-555555555555';
const card = [`device ${uuid} NVIDIA A100`, 'counter 5000'];
const idle = [...card, 'power 0 0'];
/** From 0 W up to 300 W and back within a second: 300 W * 0.8 s = 240 J, whenever one looks before and after it. */
const pulse = ['power 0 0', 'power 0.2 300', 'power 0.8 300', 'power 1 0'];
const pulseJoules = 180 + 2 * 30;
const pulseSeconds = 1;

let standIn: NvmlStandIn;
beforeAll(async () => void (standIn = await buildNvmlStandIn()));
afterAll(async () => await standIn[Symbol.asyncDispose]());

async function startMeter(options: Partial<EnergyMeterOptions> = {}): Promise<EnergyMeter> {
  return await EnergyMeter.start({
    device: 'GPU',
    environment: { BLOCKSTILL_NVML: standIn.library },
    powercap: '/nowhere',
    ...options,
  });
}

async function until(seconds: number): Promise<void> {
  await setTimeout(Math.max(0, seconds - monotonicSeconds()) * 1000);
}

function gpuOf(readings: readonly EnergyReading[]): EnergyReading {
  const gpu = readings.find(({ kind }) => kind === 'GPU');
  if (gpu === undefined) throw new Error('There is no reading of a GPU.');
  return gpu;
}

/** Within a part of the value that is expected. */
function expectWithin(part: number, value: number | null, expected: number): void {
  expect(value).not.toBeNull();
  expect(Math.abs(value! - expected), `${value} for ${expected}`).toBeLessThanOrEqual(part * expected);
}

describe('a meter of a GPU', () => {
  it('gives the joules that were used within 0.1% while the thread that trains is blocked', async () => {
    await standIn.play(...idle);
    await using meter = await startMeter();
    const start = await standIn.play(...card, ...pulse);
    // Nothing else runs in this thread, as in a native call of TensorFlow.
    while (monotonicSeconds() < start + pulseSeconds + 0.3);
    const latest = gpuOf(meter.latest());
    const marked = gpuOf(await meter.mark());
    expectWithin(0.001, latest.joules, pulseJoules);
    expectWithin(0.001, marked.joules, pulseJoules);
    expect(marked).toMatchObject({
      device: uuid,
      model: 'NVIDIA A100',
      method: 'Counter',
      estimatedSeconds: 0,
    });
    // Power was sampled all the while, or the two would not agree.
    expect(Math.abs(marked.deviationPercent!)).toBeLessThan(20);
    expect(energyReadingSchema.parse(JSON.parse(JSON.stringify(marked)))).toEqual(marked);
  });

  it('adds up from mark to mark, with a counter that is updated late', async () => {
    const late = [...card, 'update 0.05'];
    await standIn.play(...late, 'power 0 0');
    await using meter = await startMeter();
    for (const count of [1, 2]) {
      // The counter goes on from what the pulse before has left.
      const counter = `counter ${5000 + (count - 1) * pulseJoules}`;
      const start = await standIn.play(...late, counter, ...pulse);
      await until(start + pulseSeconds + 0.2);
      const reading = gpuOf(await meter.mark());
      expect(reading.reason).toBeUndefined();
      expectWithin(0.001, reading.joules, count * pulseJoules);
    }
  });

  it('samples power where there is no counter', async () => {
    await standIn.play(...idle, 'no-counter');
    await using meter = await startMeter();
    // A triangle of 300 W in 2 s.
    const start = await standIn.play(...card, 'no-counter', 'power 0 0', 'power 1 300', 'power 2 0');
    await until(start + 5);
    const reading = gpuOf(await meter.mark());
    expect(reading.method).toBe('SampledPower');
    expectWithin(0.05, reading.joules, 300);
  });

  it('bridges a counter that is reset, and says so', async () => {
    await standIn.play(...idle);
    await using meter = await startMeter();
    const start = await standIn.play(...card, ...pulse, `reset ${pulseSeconds / 2}`);
    await until(start + pulseSeconds + 0.2);
    const reading = gpuOf(await meter.mark());
    expect(reading.reason).toMatch(/^the counter was reset: 0\.\d s are estimated from sampled power/);
    expectWithin(0.01, reading.joules, pulseJoules);
  });

  it('tells the idle power before it began, and the state of the card', async () => {
    await standIn.play(...card, 'power 0 50');
    const before = monotonicSeconds();
    await using meter = await startMeter({ idleBaselineSeconds: 0.5 });
    const reading = gpuOf(meter.latest());
    expectWithin(0.02, reading.idleWatts ?? null, 50);
    // The baseline is no part of what the unit used.
    expect(reading.seconds).toBeLessThan(monotonicSeconds() - before - 0.5);
    expect(meter.gpuState()).toMatchObject({ celsius: 63, utilization: 87 });
  });

  it('has no idle baseline when it is told to hurry', async () => {
    await standIn.play(...idle);
    const before = monotonicSeconds();
    await using meter = await startMeter({ idleBaselineSeconds: 3600, signal: AbortSignal.abort() });
    expect(monotonicSeconds() - before).toBeLessThan(60);
    expect(gpuOf(meter.latest())).toMatchObject({ joules: expect.any(Number) });
    expect(gpuOf(meter.latest())).not.toHaveProperty('idleWatts');
  });

  it('keeps what was known of a card that is lost', async () => {
    await standIn.play(...idle);
    await using meter = await startMeter();
    const start = await standIn.play(...card, ...pulse, `lost ${pulseSeconds + 0.3}`);
    await until(start + pulseSeconds);
    await expect.poll(() => gpuOf(meter.latest()).joules, { timeout: 20_000 }).toBeNull();
    const reading = gpuOf(await meter.mark());
    expectWithin(0.001, reading.knownJoules, pulseJoules);
    expect(reading.reason).toContain('the GPU is lost');
  });

  it('reads processors as well, and them alone for a unit without a GPU', async () => {
    await using powercap = await mkdtempDisposable(join(tmpdir(), 'powercap-'));
    const zone = join(powercap.path, 'intel-rapl:0');
    await mkdir(zone);
    const put = async (name: string, text: string): Promise<void> => await writeFile(join(zone, name), text);
    await put('name', 'package-0\n');
    await put('max_energy_range_uj', '262143328850\n');
    await put('energy_uj', '262143000000\n');
    await standIn.play(...idle);
    await using both = await startMeter({ powercap: powercap.path });
    await using alone = await startMeter({ powercap: powercap.path, device: 'CPU' });
    await put('energy_uj', '671150\n');
    const expected = { device: 'package-0', kind: 'CPU', joules: expect.closeTo(1, 6) };
    expect(await both.mark()).toMatchObject([{ device: uuid, joules: 0 }, expected]);
    expect(await alone.mark()).toMatchObject([expected]);
  });
});

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
    { name: 'none is visible', script: card, environment: { CUDA_VISIBLE_DEVICES: '' }, says: 'no GPU' },
  ])('has null for its joules, with the reason: $name', async ({ script, environment = {}, says }) => {
    await standIn.play(...script);
    await using meter = await startMeter({
      environment: { BLOCKSTILL_NVML: standIn.library, ...environment },
    });
    expect(gpuOf(meter.latest())).toMatchObject({ joules: null, reason: expect.stringContaining(says) });
    expect(gpuOf(await meter.mark())).toMatchObject({ joules: null, reason: expect.stringContaining(says) });
  });

  it('is noticed when others come while it is measured', async () => {
    await standIn.play(...card, 'power 0 100');
    await using meter = await startMeter();
    expect(gpuOf(await meter.mark()).joules).not.toBeNull();
    await standIn.play(...card, 'power 0 100', `process 1001 ${always}`, `process 1002 ${always}`);
    await expect.poll(() => gpuOf(meter.latest()).joules, { timeout: 20_000 }).toBeNull();
    expect(gpuOf(meter.latest()).reason).toContain('not attributable');
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
    expect(gpuOf(meter.latest()).gaps).toBeGreaterThan(0);
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
    await using meter = await startMeter({ powercap });
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

describe('a metered process that is killed', () => {
  it('leaves what it knew at its last mark, and the next one goes on from there', async () => {
    await standIn.play(...idle);
    const first = await startProcess();
    const pulsed = await standIn.play(...card, ...pulse);
    await until(pulsed + pulseSeconds + 0.2);
    const known = await first.mark();
    // What is used after the last mark is lost with the process.
    const lost = await standIn.play(...card, `counter ${5000 + pulseJoules}`, ...pulse);
    await until(lost + pulseSeconds / 2);
    await first.kill();
    await until(lost + pulseSeconds + 0.1);

    const second = await startProcess();
    const again = await standIn.play(...card, `counter ${5000 + 2 * pulseJoules}`, ...pulse);
    await until(again + pulseSeconds + 0.2);
    const sum = addReadings(known, await second.mark());
    await second.kill();
    expectWithin(0.001, gpuOf(known).joules, pulseJoules);
    expectWithin(0.001, gpuOf(sum).joules, 2 * pulseJoules);
    expect(sum.filter(({ kind }) => kind === 'GPU')).toHaveLength(1);
  });
});

interface MeteredProcess {
  mark(): Promise<readonly EnergyReading[]>;
  kill(): Promise<void>;
}

/** Begins to measure before it comes back. */
async function startProcess(): Promise<MeteredProcess> {
  const program = join(import.meta.dirname, '../../test/nvml/metered-process.ts');
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, BLOCKSTILL_NVML: standIn.library },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<readonly EnergyReading[]> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('The metered process has ended.');
    return energyReadingSchema.array().parse(JSON.parse(value));
  };
  await next();
  return {
    mark: async () => {
      child.stdin.write('\n');
      return await next();
    },
    kill: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
