import { expect, test } from 'vitest';
import { unknownReading, type EnergyReading } from './contract/energy-reading.ts';
import { peakMemorySchema } from './contract/unit-result.ts';
import { peakMemory } from './peak-memory.ts';

const metered: EnergyReading = {
  ...unknownReading({ device: 'GPU-1', kind: 'GPU' }, ''),
  joules: 5,
  reason: 'the counter was reset',
};

/** What is said of a unit on a GPU. */
async function onGpu(readings: readonly EnergyReading[], bytes: number | undefined) {
  const { hostBytes, ...device } = await peakMemory('GPU', {
    mark: async () => readings,
    gpuPeakMemoryBytes: () => bytes,
  });
  expect(hostBytes).toBeGreaterThan(0);
  return device;
}

test('the most that a process took is at least what it takes now, in bytes', async () => {
  const { rss } = process.memoryUsage();
  const energy = { mark: async () => [], gpuPeakMemoryBytes: () => 5 };
  const memory = peakMemorySchema.parse(await peakMemory('CPU', energy));
  expect(memory.hostBytes).toBeGreaterThanOrEqual(rss);
  expect(memory.hostBytes).toBeLessThan(100 * rss);
  expect(memory).toMatchObject({ deviceBytes: null, reason: 'the unit ran on processors alone' });
});

test("a card's memory is what its meter has seen in use, up to now", async () => {
  expect(await onGpu([metered], 12)).toEqual({ deviceBytes: 12 });
});

test.each([
  [
    'of a card that others use',
    { ...metered, sharing: 'Shared', reason: 'MIG is on' } as const,
    12,
    'MIG is on',
  ],
  ['without NVML', { ...metered, joules: null, reason: 'NVML is missing' }, undefined, 'NVML is missing'],
  [
    'of a card that does not tell',
    metered,
    undefined,
    'the card does not tell how much of its memory is in use',
  ],
])('it is unknown %s, and says why', async (_, reading, bytes, reason) => {
  expect(await onGpu([reading], bytes)).toEqual({ deviceBytes: null, reason });
});
