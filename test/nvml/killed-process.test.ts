import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addReadings,
  energyReadingSchema,
  type EnergyReading,
} from '../../worker/contract/energy-reading.ts';
import { buildNvmlStandIn, type NvmlStandIn } from './nvml-stand-in.ts';
import { card, expectWithin, gpuOf, idle, pulse, pulseJoules, pulseSeconds, until } from './pulse.ts';

let standIn: NvmlStandIn;
beforeAll(async () => void (standIn = await buildNvmlStandIn()));
afterAll(async () => await standIn[Symbol.asyncDispose]());

test('a metered process that is killed leaves what it knew at its last mark, and the next one goes on from there', async () => {
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

interface MeteredProcess {
  mark(): Promise<readonly EnergyReading[]>;
  kill(): Promise<void>;
}

/** Begins to measure before it comes back. */
async function startProcess(): Promise<MeteredProcess> {
  const program = join(import.meta.dirname, 'metered-process.ts');
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      BLOCKSTILL_NVML: standIn.library,
      CUDA_VISIBLE_DEVICES: '0',
      NVIDIA_VISIBLE_DEVICES: '',
    },
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
