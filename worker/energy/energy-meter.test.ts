import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildNvmlStandIn, monotonicSeconds, type NvmlStandIn } from '../../test/nvml/nvml-stand-in.ts';
import {
  card,
  expectWithin,
  gpuOf,
  idle,
  pulse,
  pulseJoules,
  pulseSeconds,
  until,
  uuid,
} from '../../test/nvml/pulse.ts';
import { startMeterOn } from '../../test/nvml/start-meter.ts';
import { energyReadingSchema } from '../contract/energy-reading.ts';
import type { EnergyMeter, EnergyMeterOptions } from './energy-meter.ts';

let standIn: NvmlStandIn;
beforeAll(async () => void (standIn = await buildNvmlStandIn()));
afterAll(async () => await standIn[Symbol.asyncDispose]());

const startMeter = async (options: Partial<EnergyMeterOptions> = {}): Promise<EnergyMeter> =>
  await startMeterOn(standIn, options);

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
      // A machine that is busy samples power too seldom to agree; the counter does not mind.
      expect(reading.estimatedSeconds).toBe(0);
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

  it('keeps the most memory of the card that it has seen in use', async () => {
    const gibibytes = 2 ** 30;
    await standIn.play(...idle, 'memory-used 7');
    await using meter = await startMeter();
    expect(meter.gpuPeakMemoryBytes()).toBe(7 * gibibytes);
    for (const [used, peak] of [
      [21, 21],
      [5, 21],
    ] as const) {
      await standIn.play(...idle, `memory-used ${used}`);
      await meter.mark();
      expect(meter.gpuPeakMemoryBytes()).toBe(peak * gibibytes);
      expect(meter.gpuState()?.memoryUsedBytes).toBe(used * gibibytes);
    }
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
    const environment = { BLOCKSTILL_POWERCAP: powercap.path };
    await using both = await startMeter({ environment });
    await using alone = await startMeter({ environment, device: 'CPU' });
    await put('energy_uj', '671150\n');
    const expected = { device: 'package-0', kind: 'CPU', joules: expect.closeTo(1, 6) };
    expect(await both.mark()).toMatchObject([{ device: uuid, joules: 0 }, expected]);
    expect(await alone.mark()).toMatchObject([expected]);
  });
});
