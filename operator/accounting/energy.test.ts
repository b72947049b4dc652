import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { energyAccountOf, totalOf } from './energy.ts';
import type { EnergyReading, MeteredAttempt, MeteredUnit, NodeDevice } from './energy-readings.ts';
import { powerSeries } from './power.ts';

function gpu(device: string, joules: number | null, change: Partial<EnergyReading> = {}): EnergyReading {
  return { device, kind: 'GPU', joules, method: 'Counter', gaps: 0, ...change };
}

function cpu(joules: number | null, change: Partial<EnergyReading> = {}): EnergyReading {
  return { ...gpu('node-a package 0', joules), kind: 'CPU', ...change };
}

function attempt(start: number, end: number, readings: readonly EnergyReading[]): MeteredAttempt {
  return { start, end, committed: true, readings };
}

function unit(name: string, ...attempts: readonly MeteredAttempt[]): MeteredUnit {
  return { name, attempts };
}

/** A device that draws the same all the time, polled once a second from 0 to 100. */
function steady(device: string, watts: number, change: Partial<NodeDevice> = {}): NodeDevice {
  const samples = Array.from({ length: 101 }, (_, seconds) => ({ seconds, watts }));
  return { device, kind: 'GPU', power: powerSeries(samples), ...change };
}

describe('the energy of units', () => {
  it('is the sum over all attempts, with those that were repeated told apart', () => {
    const killed = { ...attempt(0, 10, [gpu('A', 800)]), committed: false };
    const account = energyAccountOf({
      units: [
        unit('a', killed, attempt(20, 40, [gpu('B', 2000, { gaps: 1 })])),
        unit('b', attempt(0, 30, [gpu('C', 3000)])),
      ],
    });
    expect(account).toMatchObject({
      coverage: ['GPU'],
      used: { GPU: 5800 },
      retriedJoules: 800,
      method: 'Counter',
      gaps: 1,
      units: [
        { name: 'a', joules: 2800 },
        { name: 'b', joules: 3000 },
      ],
      reasons: [],
    });
    expect(account.dedicatedNode).toBeUndefined();
    expect(account.idleReservedJoules).toBeUndefined();
  });

  it('is sampled power as soon as a part of it is', () => {
    const units = [
      unit('a', attempt(0, 10, [gpu('A', 1)])),
      unit('b', attempt(0, 10, [gpu('B', 1, { method: 'SampledPower' })])),
    ];
    expect(energyAccountOf({ units }).method).toBe('SampledPower');
    const unsaid: EnergyReading = { device: 'C', kind: 'GPU', joules: 1, gaps: 0 };
    const withUnsaid = energyAccountOf({ units: [...units, unit('c', attempt(0, 10, [unsaid]))] });
    expect(withUnsaid.used).toEqual({ GPU: 3 });
    expect(withUnsaid.method).toBeUndefined();
  });

  it('covers what every unit was metered for', () => {
    const units = [
      unit('prepare', attempt(0, 10, [cpu(500)])), // Had no GPU.
      unit('a', attempt(10, 20, [gpu('A', 1000), cpu(600), cpu(50, { device: 'dram', kind: 'DRAM' })])),
      unit('b', attempt(20, 30, [gpu('A', 1100), cpu(700)])),
    ];
    expect(energyAccountOf({ units })).toMatchObject({
      coverage: ['GPU', 'CPU'],
      used: { GPU: 2100, CPU: 1800 },
      units: [
        { name: 'prepare', joules: 500 },
        { name: 'a', joules: 1600 },
        { name: 'b', joules: 1800 },
      ],
      reasons: ['DRAM: 2 of 3 attempts left no reading.'],
    });
  });

  it('is unknown, and not 0, where one unit was not metered', () => {
    const units = [
      unit('a', attempt(0, 10, [gpu('A', 1000)])),
      unit('b', attempt(0, 10, [gpu('B', null, { reason: 'not attributable: MIG is on' })])),
    ];
    const account = energyAccountOf({ units });
    expect(account).toMatchObject({
      coverage: [],
      used: {},
      reasons: ['GPU: not attributable: MIG is on.'],
    });
    expect(account.retriedJoules).toBeUndefined();
    expect(account.method).toBeUndefined();
    const lost = { ...attempt(0, 10, []), committed: false };
    expect(energyAccountOf({ units: [unit('a', lost, attempt(20, 30, [gpu('A', 1)]))] })).toMatchObject({
      coverage: [],
      reasons: ['GPU: 1 of 2 attempts left no reading.'],
    });
    expect(energyAccountOf({ units: [unit('a', lost)] }).reasons).toEqual(['No attempt left a reading.']);
    expect(energyAccountOf({ units: [] }).reasons).toEqual(['No unit has ended.']);
  });

  it('does not count a CPU package twice that two units share', () => {
    // Both meters read the same package: 1 kJ in all, not 2 kJ.
    const units = [
      unit('a', attempt(0, 10, [cpu(1000)])),
      unit('b', { ...attempt(0, 10, [cpu(1000)]), committed: false }),
    ];
    expect(energyAccountOf({ units })).toMatchObject({
      coverage: [],
      reasons: ['CPU: several units ran on it at once, and only a node-wide source tells what it drew.'],
    });
    const nodeWide = {
      windows: [{ start: 0, end: 10 }],
      devices: [steady('node-a package 0', 100, { kind: 'CPU' })],
    };
    const account = energyAccountOf({ units, nodeWide });
    expect(account).toMatchObject({
      coverage: ['CPU'],
      used: { CPU: 1000 },
      units: [],
      attributable: [],
      reasons: ["What attempts without a result drew can't be told apart: units shared the CPU."],
    });
    expect(account.retriedJoules).toBeUndefined();
  });
});

describe('idle energy of reserved GPUs', () => {
  const units = [unit('a', attempt(0, 40, [gpu('A', 4000)]))];
  const held = (end: number) => [{ device: 'A', start: 0, end }];

  it('is measured where a node-wide source sees them', () => {
    const account = energyAccountOf({
      units,
      reservations: held(100),
      nodeWide: { windows: [{ start: 0, end: 100 }], devices: [steady('A', 100)] },
    });
    expect(account.idleReservedJoules).toBe(6000);
  });

  it('is unknown without one, and no estimate stands in for it', () => {
    const account = energyAccountOf({ units, reservations: held(100) });
    expect(account.idleReservedJoules).toBeUndefined();
    expect(account.reasons).toEqual(['The idle energy of A is unknown: No node-wide source sees it.']);
    expect(account.used).toEqual({ GPU: 4000 });
  });

  it('is none of a GPU that was never idle', () => {
    expect(energyAccountOf({ units, reservations: held(40) }).idleReservedJoules).toBe(0);
  });
});

describe('a node-wide source', () => {
  const windows = [{ start: 0, end: 50 }];

  it('adds what idle devices drew, and fills in for a meter that could not be read', () => {
    const units = [
      unit('a', attempt(0, 40, [gpu('A', 4100)])),
      unit('b', attempt(10, 40, [gpu('B', null, { reason: 'no permission' })])),
    ];
    const devices = [steady('A', 100), steady('B', 200), steady('C', 10)];
    const account = energyAccountOf({ units, nodeWide: { windows, devices } });
    expect(account.used).toEqual({ GPU: 4100 + 6000 });
    // A: 10 s idle, B: 20 s idle, C: 50 s.
    expect(account.dedicatedNode).toEqual({ GPU: 4100 + 1000 + 6000 + 4000 + 500 });
    expect(account).toMatchObject({ method: 'SampledPower', reasons: [] });
  });

  it('does not stand in for the meter of a GPU that others may have used', () => {
    const shared = gpu('A', null, { shared: true, reason: 'not attributable: MIG is on' });
    const units = [unit('a', attempt(0, 40, [shared]))];
    const account = energyAccountOf({ units, nodeWide: { windows, devices: [steady('A', 100)] } });
    expect(account).toMatchObject({ coverage: [], used: {} });
    expect(account.reasons).toContain('GPU: not attributable: MIG is on.');
    expect(account.dedicatedNode).toBeUndefined();
  });

  it('says nothing of whole nodes when it does not see a device that was used', () => {
    const units = [unit('a', attempt(0, 40, [gpu('A', 4000), cpu(900)]))];
    const account = energyAccountOf({ units, nodeWide: { windows, devices: [steady('A', 100)] } });
    expect(account.used).toEqual({ GPU: 4000, CPU: 900 });
    expect(account.dedicatedNode).toBeUndefined();
    expect(account.reasons).toEqual([
      'The energy of whole nodes is unknown: the node-wide source does not see node-a package 0.',
    ]);
  });

  it('is doubted, or the meter is, when both differ', () => {
    const units = [unit('a', attempt(0, 40, [gpu('A', 5000)]))];
    const { reasons } = energyAccountOf({ units, nodeWide: { windows, devices: [steady('A', 100)] } });
    expect(reasons).toEqual(["The units' meters read 5000 J on A, its polled power adds up to 4000 J."]);
  });

  it('is conserved: what units and idle devices drew is what all drew', () => {
    const watts = fc.array(fc.integer({ min: 5, max: 400 }), { minLength: 61, maxLength: 61 });
    const lengths = fc.array(
      fc.record({
        idle: fc.double({ min: 0, max: 8, noNaN: true }),
        busy: fc.double({ min: 0.1, max: 8, noNaN: true }),
        metered: fc.option(fc.double({ min: 0, max: 5000, noNaN: true })),
      }),
      { maxLength: 3 },
    );
    const cards = fc.array(fc.record({ watts, lengths }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(cards, fc.boolean(), (each, metered) => {
        const window = { start: 0, end: 60 };
        const devices = each.map((card, index) => {
          const samples = card.watts.map((value, seconds) => ({ seconds, watts: value }));
          return { device: `GPU ${index}`, kind: 'GPU' as const, power: powerSeries(samples) };
        });
        const units = each.flatMap((card, index) => {
          let now = 0;
          return card.lengths.map((length, number) => {
            const start = now + length.idle;
            now = start + length.busy;
            const reading = gpu(`GPU ${index}`, metered ? length.metered : null, { reason: 'none' });
            return unit(`unit-${index}-${number}`, attempt(start, now, [reading]));
          });
        });
        fc.pre(units.length > 0);
        const account = energyAccountOf({ units, nodeWide: { windows: [window], devices } });
        const idle = account.devices.map((device) =>
          device.idle !== undefined && 'joules' in device.idle ? device.idle.joules : NaN,
        );
        const total = totalOf(account.dedicatedNode ?? {});
        const parts = [...account.units.map(({ joules }) => joules), ...idle];
        expect(parts.reduce((sum, joules) => sum + joules, 0)).toBeCloseTo(total, 5);
        if (metered) return;
        // Without meters of their own it is what the source says of the window as a whole.
        const seen = devices.map(({ power }) => power.energyOf(window).joules ?? NaN);
        expect(total).toBeCloseTo(
          seen.reduce((sum, joules) => sum + joules, 0),
          5,
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
