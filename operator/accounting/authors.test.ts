import { describe, expect, it } from 'vitest';
import { energyFigures } from './energy-figures.ts';
import { energyAccountOf, totalOf, type EnergyAccount } from './energy.ts';
import type { EnergyReading } from './energy-readings.ts';
import type { Interval } from './intervals.ts';
import { powerSeries, type PowerSample } from './power.ts';
import { significant } from './significant.ts';
import { speedupOf } from './speedup.ts';
import { authorsPower, authorsRun, unitsOf } from './testing/authors.ts';

// What is expected was worked out from the authors' files by other programs than this code.

describe("the authors' speedup", () => {
  it.each([
    {
      of: 'VGG16 on 4 GPUs of one server, by bin packing',
      run: 'vgg-cifar-server',
      speedup: 3.08,
      balance: 0.9,
      inflation: 1.17,
    },
    {
      of: 'ResNet50 on 4 GPUs of one server',
      run: 'resnet-cifar-server',
      speedup: 3.49,
      balance: 0.985,
      inflation: 1.13,
    },
    {
      of: 'ResNet50 on 4 nodes',
      run: 'resnet-cifar-cluster',
      speedup: 3.87,
      balance: 0.987,
      inflation: 1.02,
    },
    {
      of: 'ResNet50 on ImageNet on 4 GPUs of one server',
      run: 'resnet-imagenet-server',
      speedup: 2.75,
      balance: 0.956,
      inflation: 1.39,
    },
    {
      of: 'ResNet50 on ImageNet on 4 nodes',
      run: 'resnet-imagenet-cluster',
      speedup: 3.64,
      balance: 0.907,
      inflation: 1.0,
    },
  ])('is $speedup for $of', ({ run, speedup, balance, inflation }) => {
    const found = speedupOf({
      units: unitsOf(authorsRun(`${run}-4`)),
      suspensions: [],
      sequentialSeconds: undefined,
      serialBaselineSeconds: authorsRun(`${run}-1`).totalSeconds,
    });
    expect(found).toMatchObject({ basis: 'Measured', workers: 4 });
    const { value = NaN, workers = NaN, workInflation = NaN } = found;
    expect(value).toBeCloseTo(speedup, 2);
    expect(found.balance).toBeCloseTo(balance, 2);
    expect(workInflation).toBeCloseTo(inflation, 2);
    expect((workers * (found.balance ?? NaN)) / workInflation / value).toBeCloseTo(1, 14);
  });

  it('is overstated by an estimate from the parallel run, which cannot see contention', () => {
    const units = unitsOf(authorsRun('resnet-imagenet-server-4'));
    const { value } = speedupOf({ units, suspensions: [], sequentialSeconds: undefined });
    expect(value).toBeCloseTo(2.75 * 1.39, 1);
  });
});

/** The blocks begin about 20 s into the log: teacher and data are loaded first. */
const startSeconds = 20;

/** The blocks of a run on the server, with nothing but the two power logs to tell what they drew. */
function accountOf(id: string): EnergyAccount {
  const run = authorsRun(id);
  const power = authorsPower(id);
  const window = { start: startSeconds, end: startSeconds + run.totalSeconds };
  const unmetered = { joules: null, reason: 'only the log', gaps: 0 } as const;
  const package0 = { ...unmetered, device: 'package 0', kind: 'CPU' } satisfies EnergyReading;
  return energyAccountOf({
    units: unitsOf(run).map(({ worker, attempts }, index) => ({
      name: `unit-${index}`,
      attempts: attempts.map(({ start, end, committed }) => ({
        start: startSeconds + start,
        end: startSeconds + end,
        committed,
        readings: [{ ...unmetered, device: `GPU ${worker}`, kind: 'GPU' }, package0],
      })),
    })),
    reservations: Array.from({ length: run.gpus }, (_, gpu) => ({ device: `GPU ${gpu}`, ...window })),
    nodeWide: {
      windows: [window],
      devices: [
        ...power.gpus.map((samples, gpu) => ({
          device: `GPU ${gpu}`,
          kind: 'GPU' as const,
          power: powerSeries(samples),
        })),
        {
          device: 'package 0',
          kind: 'CPU',
          power: powerSeries(power.cpu, { counterRangeJoules: 65_536 }),
        },
      ],
    },
  });
}

/** That of one server in both accountings: `active` cards while they were reserved, and all four. */
function kilojoules({ used, idleReservedJoules, dedicatedNode = {} }: EnergyAccount) {
  return {
    active: ((used.GPU ?? NaN) + (idleReservedJoules ?? NaN)) / 1000,
    all: (dedicatedNode.GPU ?? NaN) / 1000,
    cpu: (dedicatedNode.CPU ?? NaN) / 1000,
    total: totalOf(dedicatedNode) / 1000,
  };
}

/** The area below the lines between the samples, from one to the next; lines that the window cuts count as far as they are in. */
function areaBelow(samples: readonly PowerSample[], { start, end }: Interval): number {
  return sum(
    samples.slice(1).map((to, index) => {
      const from = samples[index]!;
      const wattsAt = (moment: number): number =>
        from.watts +
        ((to.watts - from.watts) * (moment - from.seconds)) / Math.max(to.seconds - from.seconds, 1e-9);
      const [left, right] = [Math.max(from.seconds, start), Math.min(to.seconds, end)];
      return right > left ? ((wattsAt(left) + wattsAt(right)) / 2) * (right - left) : 0;
    }),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

describe("the energy of the authors' power logs", () => {
  it.each([
    { run: 'resnet-cifar-server-1', wraps: 5, kJ: { active: 664, all: 903, cpu: 288, total: 1190 } },
    { run: 'resnet-cifar-server-4', wraps: 4, kJ: { active: 717, all: 717, cpu: 205, total: 922 } },
    { run: 'vgg-cifar-server-1', wraps: 4, kJ: { active: 619, all: 798, cpu: 240, total: 1038 } },
    { run: 'vgg-cifar-server-4', wraps: 3, kJ: { active: 685, all: 685, cpu: 173, total: 859 } },
  ])('of $run is within 1% of an independent integration', ({ run, wraps, kJ }) => {
    expect(authorsPower(run).cpu.filter(({ watts }) => watts < 0)).toHaveLength(wraps);
    const account = accountOf(run);
    expect(account).toMatchObject({ coverage: ['GPU', 'CPU'], method: 'SampledPower', gaps: 0 });
    const found = kilojoules(account);
    for (const figure of ['active', 'all', 'cpu', 'total'] as const) {
      expect(found[figure] / kJ[figure], figure).toBeGreaterThan(0.99);
      expect(found[figure] / kJ[figure], figure).toBeLessThan(1.01);
    }
  });

  it('is conserved: the blocks and all that idled add up to the whole log', () => {
    const run = 'vgg-cifar-server-4';
    const account = accountOf(run);
    // Four blocks at a time share the CPU, so no block has a part of it.
    expect(account.attributable).toEqual(['GPU']);
    const blocks = sum(account.units.map(({ joules }) => joules));
    const idle = account.devices.flatMap(({ kind, idle: each }) =>
      kind === 'GPU' && each !== undefined && 'joules' in each ? [each.joules] : [],
    );
    expect(idle).toHaveLength(4);
    const window = { start: startSeconds, end: startSeconds + authorsRun(run).totalSeconds };
    const logged = sum(authorsPower(run).gpus.map((samples) => areaBelow(samples, window)));
    expect((blocks + sum(idle)) / logged).toBeCloseTo(1, 9);
    // Neither part is so small that it could be missing unnoticed: what idled is 1.5%.
    for (const part of [blocks, sum(idle)]) expect(part / logged).toBeGreaterThan(0.01);
    expect((account.dedicatedNode?.GPU ?? NaN) / logged).toBeCloseTo(1, 9);
  });

  it.each([
    { net: 'resnet', greenup: 1.29, saving: 22.6, activeGreenup: 1.03 },
    { net: 'vgg', greenup: 1.21, saving: 17.3, activeGreenup: 1.0 },
  ])(
    'saves $saving% of a dedicated server with $net, and next to nothing of the cards in use',
    (expected) => {
      const serial = accountOf(`${expected.net}-cifar-server-1`);
      const ours = accountOf(`${expected.net}-cifar-server-4`);
      const figures = energyFigures(ours, {
        ours,
        stages: 'distill stage',
        baseline: {
          coverage: serial.coverage,
          used: totalOf(serial.used),
          dedicatedNode: totalOf(serial.dedicatedNode ?? {}),
        },
      });
      expect(figures.greenupDedicatedNode).toBeCloseTo(expected.greenup, 2);
      expect(figures.savingPercentDedicatedNode).toBeCloseTo(expected.saving, 0);
      const [before, after] = [kilojoules(serial), kilojoules(ours)];
      expect((before.active + before.cpu) / (after.active + after.cpu)).toBeCloseTo(
        expected.activeGreenup,
        2,
      );
      // Of a server that others may use, what the cards drew after their last block is left out, too.
      expect(figures.greenup).toBeGreaterThan(expected.activeGreenup - 0.005);
      expect(figures.greenup).toBeLessThan(1.06);
      expect(figures.formula).toBe(
        `100 x (1 - EN / E1), EN = ${inKilojoules(totalOf(ours.used))}, E1 = ${inKilojoules(totalOf(serial.used))}: GPU + CPU in use, distill stage`,
      );
    },
  );
});

function inKilojoules(joules: number): string {
  return `${significant(joules / 1000)} kJ`;
}
