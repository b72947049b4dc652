import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import type { EnergyReading } from '../../worker/contract/energy-reading.ts';
import { monotonicSeconds } from './nvml-stand-in.ts';

export const uuid = 'GPU-11111111-2222-3333-4444-555555555555';
export const card: readonly string[] = [`device ${uuid} NVIDIA A100`, 'counter 5000'];
export const idle: readonly string[] = [...card, 'power 0 0'];

/** From 0 W up to 300 W and back within a second: known joules, whenever one looks before and after it. */
export const pulse: readonly string[] = ['power 0 0', 'power 0.2 300', 'power 0.8 300', 'power 1 0'];
export const pulseSeconds = 1;
/** 0.6 s at 300 W, and twice 0.2 s at 150 W in the mean. */
export const pulseJoules = 180 + 2 * 30;

/** @param seconds by `monotonicSeconds` */
export async function until(seconds: number): Promise<void> {
  await setTimeout(Math.max(0, seconds - monotonicSeconds()) * 1000);
}

export function gpuOf(readings: readonly EnergyReading[]): EnergyReading {
  const gpu = readings.find(({ kind }) => kind === 'GPU');
  if (gpu === undefined) throw new Error('There is no reading of a GPU.');
  return gpu;
}

/** Within a part of the value that is expected. */
export function expectWithin(part: number, value: number | null, expected: number): void {
  expect(value).not.toBeNull();
  expect(Math.abs(value! - expected), `${value} for ${expected}`).toBeLessThanOrEqual(part * expected);
}
