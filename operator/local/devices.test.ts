import { describe, expect, it } from 'vitest';
import { findDevices, visibleGpus, workersThatFit } from './devices.ts';

describe('devices', () => {
  it('are the GPUs that CUDA_VISIBLE_DEVICES lists', async () => {
    expect(await visibleGpus({ CUDA_VISIBLE_DEVICES: '2,GPU-abc' })).toEqual(['2', 'GPU-abc']);
    expect(await visibleGpus({ CUDA_VISIBLE_DEVICES: '-1' })).toEqual([]);
    expect(await visibleGpus({ CUDA_VISIBLE_DEVICES: '' })).toEqual([]);
  });

  it('are an error when a GPU is asked for and hidden, never the CPU', async () => {
    await expect(findDevices('GPU', { CUDA_VISIBLE_DEVICES: '-1' })).rejects.toMatchObject({
      code: 'run/no-gpu',
    });
  });

  it.each([
    {
      of: 'one worker a GPU, whatever the threads',
      devices: { kind: 'GPU', names: ['0', '1'] } as const,
      threads: 8,
      workers: 2,
    },
    { of: 'as many as the cores allow', devices: { kind: 'CPU', cores: 8 } as const, threads: 3, workers: 2 },
    {
      of: 'one worker on too few cores',
      devices: { kind: 'CPU', cores: 2 } as const,
      threads: 4,
      workers: 1,
    },
  ])('hold $of', ({ devices, threads, workers }) => {
    expect(workersThatFit(devices, threads)).toBe(workers);
  });
});
