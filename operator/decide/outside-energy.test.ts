import { describe, expect, it } from 'vitest';
import { energyAccountOf, totalOf } from '../accounting/energy.ts';
import type { EnergyReading, MeteredUnit } from '../accounting/energy-readings.ts';
import { EnergyTrack } from '../accounting/energy-track.ts';
import type { NodeWide, ObservedAttempt } from './observed.ts';
import { outsideRemarks, seenFromOutside } from './outside-energy.ts';

function unit(name: string, start: number, end: number, reading: Partial<EnergyReading> = {}): MeteredUnit {
  const gpu = { device: 'GPU-a', kind: 'GPU', joules: 1000, method: 'Counter', gaps: 0, ...reading } as const;
  return { name, attempts: [{ start, end, committed: true, readings: [gpu] }] };
}

function attempts(
  name: string,
  ...sharing: readonly ObservedAttempt['sharing'][]
): { name: string; attempts: Pick<ObservedAttempt, 'sharing'>[] } {
  return { name, attempts: sharing.map((each) => ({ sharing: each })) };
}

const timeSliced = { kind: 'Shared', reason: 'the GPUs of node a are time-sliced' } as const;

/** Counters from second 0 to 200, read every ten seconds. */
function seen(watts: Readonly<Record<string, number>>, change: Partial<NodeWide> = {}): NodeWide {
  const devices = Object.entries(watts).map(([device, each]) => {
    const power = new EnergyTrack({ method: 'Counter', longestSeconds: 30 });
    for (let seconds = 0; seconds <= 200; seconds += 10) power.add({ seconds, joules: each * seconds });
    return { device, kind: 'GPU' as const, power };
  });
  return { devices, reserved: [], problems: [], ...change };
}

describe('a GPU that is shared', () => {
  it('has no joules of the unit, nor does a source that sees the whole card help', () => {
    const input = seenFromOutside(
      [unit('a', 10, 20), unit('b', 20, 30, { device: 'GPU-b' })],
      [attempts('a', { kind: 'None' }), attempts('b', undefined, timeSliced)],
      { nodeWide: seen({ 'GPU-a': 100, 'GPU-b': 100 }) },
    );
    expect(energyAccountOf(input)).toMatchObject({
      coverage: [],
      used: {},
      reasons: ['GPU: not attributable: the GPUs of node a are time-sliced.', 'No device is covered.'],
    });
  });

  it('says nothing of the processor', () => {
    const units = [unit('a', 10, 20, { kind: 'CPU', device: 'package-0' })];
    const input = seenFromOutside(units, [attempts('a', timeSliced)], {});
    expect(input.units).toEqual(units);
  });

  it('leaves a doubt where nobody could say whether it is', () => {
    const units = [attempts('a', { kind: 'Unknown', reason: 'the operator may not read nodes' })];
    const input = seenFromOutside([unit('a', 10, 20)], units, {});
    expect(energyAccountOf(input).used).toEqual({ GPU: 1000 });
    expect(outsideRemarks(input, units, {})).toEqual([
      'Whether others used the GPUs is unknown: the operator may not read nodes.',
    ]);
    const unread = seenFromOutside([unit('a', 10, 20, { joules: null })], units, {});
    expect(outsideRemarks(unread, units, {})).toEqual([]);
    expect(outsideRemarks(input, [attempts('a', { kind: 'None' })], {})).toEqual([]);
  });
});

describe('a node-wide source', () => {
  const units = [
    unit('a', 10, 50, { joules: 4000 }),
    unit('b', 60, 110, { joules: 15_000, device: 'GPU-b' }),
  ];
  const none = [attempts('a'), attempts('b')];

  it('tells what whole nodes drew: units and idle devices together, without suspensions', () => {
    const nodeWide = seen({ 'GPU-a': 100, 'GPU-b': 300, 'GPU-c': 50 });
    const input = seenFromOutside(units, none, { nodeWide, suspensions: [{ start: 52, end: 58 }] });
    const account = energyAccountOf(input);
    expect(account.used).toEqual({ GPU: 19_000 });
    // All three, for the 100 seconds from 10 to 110 without 6.
    expect(totalOf(account.dedicatedNode ?? {})).toBeCloseTo(94 * 450, 6);
    expect(account.method).toBe('Counter');
    expect(account.reasons).toEqual([]);
  });

  it('tells what GPUs that were held drew while no unit ran on them', () => {
    const nodeWide = seen({ 'GPU-a': 100, 'GPU-b': 300, 'GPU-c': 50 }, { reserved: ['GPU-a', 'GPU-c'] });
    const account = energyAccountOf(seenFromOutside(units, none, { nodeWide }));
    // Card a from 50 to 110, card c from 10 to 110.
    expect(account.idleReservedJoules).toBe(6000 + 5000);
  });

  it('says why it does not see all, also where it sees nothing', () => {
    const nodeWide = { devices: [], reserved: [], problems: ['The exporter of node a is silent.'] };
    const input = seenFromOutside(units, none, { nodeWide });
    expect(input.nodeWide).toBeUndefined();
    expect(outsideRemarks(input, none, { nodeWide })).toEqual(['The exporter of node a is silent.']);
  });

  it('is no help for what was before it began to look', () => {
    const early = [unit('a', -100, 50), ...units.slice(1)];
    const account = energyAccountOf(
      seenFromOutside(early, none, { nodeWide: seen({ 'GPU-a': 100, 'GPU-b': 300 }) }),
    );
    expect(account.dedicatedNode).toBeUndefined();
    expect(account.reasons).toContain('The energy of whole nodes is unknown: The samples begin too late.');
  });
});
