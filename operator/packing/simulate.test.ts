import { describe, expect, it } from 'vitest';
import { authorsBlocks } from '../accounting/testing/authors.ts';
import { simulate, type Schedule, type TimedWork } from './simulate.ts';

function named(...seconds: readonly number[]): TimedWork['blocks'] {
  return seconds.map((each, index) => ({ name: `block_${index}`, seconds: each }));
}

function authors(id: string): TimedWork {
  return { blocks: Object.entries(authorsBlocks(id)).map(([name, seconds]) => ({ name, seconds })) };
}

function thousandths(value: number): number {
  return Number(value.toFixed(3));
}

describe("the authors' blocks on equal GPUs", () => {
  // Worked out from their times by a program of its own in Python.
  it.each([
    { run: 'resnet-cifar-server-1', ceiling: 15.255, best: [3.998, 7.966], robin: [3.971, 7.826] },
    { run: 'resnet-imagenet-server-1', ceiling: 13.243, best: [3.995, 7.829], robin: [3.79, 7.467] },
    { run: 'vgg-cifar-server-1', ceiling: 6.035, best: [3.521, 6.035], robin: [3.409, 4.386] },
    { run: 'vgg-cifar224-server-1', ceiling: 3.77, best: [3.77, 3.77], robin: [2.782, 3.299] },
  ])('on 4 and 8 GPUs gain $best longest first and $robin round robin: $run', ({ run, ...expected }) => {
    const simulation = simulate(authors(run), [4, 8]);
    const speedups = (schedule: Schedule): number[] =>
      simulation.runs.filter((each) => each.schedule === schedule).map(({ speedup }) => thousandths(speedup));
    expect(thousandths(simulation.ceiling)).toBe(expected.ceiling);
    expect(speedups('LongestFirst')).toEqual(expected.best);
    expect(speedups('RoundRobin')).toEqual(expected.robin);
  });

  it('stand idle for 71% of the time with VGG16 at 224 pixels, when there is one a block', () => {
    const { runs, longestBlock } = simulate(authors('vgg-cifar224-server-1'), [13]);
    const run = runs.find(({ schedule }) => schedule === 'LongestFirst');
    expect(longestBlock).toBe('block1_conv2');
    expect((run?.idleGpuSeconds ?? NaN) / (13 * 16_207.5)).toBeCloseTo(0.71, 2);
    expect(run?.balance).toBeCloseTo(0.29, 2);
  });
});

it('replays each schedule', () => {
  const { runs, ceiling, serialSeconds } = simulate({ blocks: named(4, 1, 3, 2) }, [1, 2]);
  expect({ ceiling, serialSeconds }).toEqual({ ceiling: 2.5, serialSeconds: 10 });
  const one = { gpus: 1, units: 4, makespanSeconds: 10, speedup: 1, balance: 1, idleGpuSeconds: 0 };
  expect(runs).toEqual([
    { ...one, schedule: 'RoundRobin' },
    { ...one, schedule: 'LongestFirst' },
    // 4 and 3 s on one, 1 and 2 s on the other: 7 s.
    {
      gpus: 2,
      schedule: 'RoundRobin',
      units: 4,
      makespanSeconds: 7,
      speedup: 10 / 7,
      balance: 10 / 14,
      idleGpuSeconds: 4,
    },
    // 4 and 1 s, 3 and 2 s.
    {
      gpus: 2,
      schedule: 'LongestFirst',
      units: 4,
      makespanSeconds: 5,
      speedup: 2,
      balance: 1,
      idleGpuSeconds: 0,
    },
  ]);
});

it('packs neighbours that share the teacher, and judges that against one packed GPU', () => {
  // Own steps of 4 s a block; the teacher takes 1 s more for each further block.
  const unitSeconds = (first: number, last: number): number => 4 * (last - first + 1) + last + 1;
  const blocks = named(...[0, 1, 2, 3].map((block) => unitSeconds(block, block)));
  const { runs, serialSeconds, packedSerialSeconds } = simulate({ blocks, unitSeconds }, [1, 2]);
  expect({ serialSeconds, packedSerialSeconds }).toEqual({ serialSeconds: 26, packedSerialSeconds: 20 });
  // Halves: 10 and 12 s.
  expect(runs.filter(({ schedule }) => schedule === 'Packed')).toEqual([
    {
      gpus: 1,
      schedule: 'Packed',
      units: 1,
      makespanSeconds: 20,
      speedup: 1,
      balance: 1,
      idleGpuSeconds: 0,
    },
    {
      gpus: 2,
      schedule: 'Packed',
      units: 2,
      makespanSeconds: 12,
      speedup: 20 / 12,
      balance: 22 / 24,
      idleGpuSeconds: 2,
    },
  ]);
});
