import { describe, expect, it } from 'vitest';
import { status } from '../../crds/status.ts';
import { energyFigures, type Comparison } from './energy-figures.ts';
import { energyAccountOf, type EnergyAccount } from './energy.ts';
import type { EnergyInput, EnergyKind } from './energy-readings.ts';
import { powerSeries } from './power.ts';

/** One unit that drew so much, on one device a kind. */
function accountOf(
  joules: Partial<Record<EnergyKind, number | null>>,
  rest: Omit<EnergyInput, 'units'> = {},
): EnergyAccount {
  const readings = Object.entries(joules).map(([kind, each]) => ({
    device: `${kind} 0`,
    kind: kind as EnergyKind,
    model: `a ${kind}`,
    joules: each,
    method: 'Counter' as const,
    ...(each === null ? { reason: 'no permission' } : {}),
    gaps: 0,
  }));
  const attempts = [{ start: 0, end: 40, committed: true, readings }];
  return energyAccountOf({ units: [{ name: 'unit-000', attempts }], ...rest });
}

const steady = (watts: number) =>
  powerSeries(Array.from({ length: 101 }, (_, seconds) => ({ seconds, watts })));

/** 40 s of 100 W and 10 s of idling at the same power; another card that idles at 20 W. */
const withNode = accountOf(
  { GPU: 4000 },
  {
    nodeWide: {
      windows: [{ start: 0, end: 50 }],
      devices: [
        { device: 'GPU 0', kind: 'GPU', power: steady(100) },
        { device: 'GPU 1', kind: 'GPU', power: steady(20) },
      ],
    },
    reservations: [{ device: 'GPU 0', start: 0, end: 45 }],
  },
);

describe('energy figures', () => {
  it('have both accountings side by side', () => {
    const figures = energyFigures(withNode);
    expect(figures).toEqual({
      joules: 4000,
      usedDevices: 4000,
      dedicatedNode: 6000,
      idleReservedJoules: 500,
      retriedJoules: 0,
      byDevice: [{ device: 'GPU 0', kind: 'GPU', model: 'a GPU', joules: 4000 }],
      method: 'SampledPower',
      coverage: ['GPU'],
      gaps: 0,
    });
    expect(status.parse({ energy: figures }).energy).toEqual(figures);
  });

  it('are absent with a reason, device by device, and never 0', () => {
    expect(energyFigures(accountOf({ GPU: null }))).toEqual({ reason: 'GPU: no permission.' });
    expect(energyFigures(accountOf({ GPU: 4000, CPU: null }))).toEqual({
      joules: 4000,
      usedDevices: 4000,
      retriedJoules: 0,
      byDevice: [
        { device: 'GPU 0', kind: 'GPU', model: 'a GPU', joules: 4000 },
        { device: 'CPU 0', kind: 'CPU', model: 'a CPU', reason: 'no permission.' },
      ],
      method: 'Counter',
      coverage: ['GPU'],
      gaps: 0,
      reason: 'CPU: no permission.',
    });
  });
});

it('says of a device what to bear in mind about its energy, each thing once', () => {
  const reading = (joules: number, reason?: string) => ({
    device: 'GPU 0',
    kind: 'GPU' as const,
    joules,
    gaps: 0,
    ...(reason === undefined ? {} : { reason }),
  });
  const units = [reading(1, 'the counter was reset'), reading(2, 'the counter was reset'), reading(4)].map(
    (each, index) => ({
      name: `unit-00${index}`,
      attempts: [{ start: 10 * index, end: 10 * index + 10, committed: true, readings: [each] }],
    }),
  );
  expect(energyFigures(energyAccountOf({ units })).byDevice).toEqual([
    { device: 'GPU 0', kind: 'GPU', joules: 7, reason: 'the counter was reset.' },
  ]);
});

describe('what was saved', () => {
  const compared = (ours: EnergyAccount, baseline: Comparison['baseline']) =>
    energyFigures(ours, { ours, baseline, stages: 'distill stage' });

  it('is 1 - EN / E1 and not E1 / EN - 1, in both accountings, with its formula', () => {
    expect(compared(withNode, { coverage: ['GPU'], used: 5000, dedicatedNode: 12_000 })).toMatchObject({
      greenup: 1.25,
      savingPercent: expect.closeTo(20, 9),
      greenupDedicatedNode: 2,
      savingPercentDedicatedNode: 50,
      formula: '100 x (1 - EN / E1), EN = 4 kJ, E1 = 5 kJ: GPU in use, distill stage',
    });
  });

  it('is less than nothing where parallel work took more', () => {
    expect(compared(withNode, { coverage: ['GPU'], used: 3200 })).toMatchObject({
      greenup: 0.8,
      savingPercent: -25,
    });
  });

  it('is of what both were metered for', () => {
    const figures = compared(accountOf({ GPU: 4000, CPU: 900 }), { coverage: ['GPU'], used: 5000 });
    expect(figures).toMatchObject({
      joules: 4900,
      greenup: 1.25,
      reason: 'The baseline was not metered for CPU: the saving is of GPU.',
    });
    expect(figures.greenupDedicatedNode).toBeUndefined();
  });

  it('is unknown when the baseline includes more, or nothing', () => {
    const more = compared(withNode, { coverage: ['GPU', 'CPU'], used: 5000 });
    expect(more.reason).toBe("The baseline includes CPU, this job does not, so they can't be compared.");
    expect(compared(withNode, { coverage: [], used: 0 }).reason).toBe(
      'The energy of the baseline is unknown.',
    );
    for (const name of ['greenup', 'savingPercent', 'formula'] as const) {
      expect(more[name]).toBeUndefined();
      expect(energyFigures(withNode)[name]).toBeUndefined();
    }
  });
});
