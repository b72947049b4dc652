import { describe, expect, it } from 'vitest';
import type { EnergyReading } from '../../worker/contract/energy-reading.ts';
import { energyAccountOf, totalOf } from '../accounting/energy.ts';
import { EnergyTrack } from '../accounting/energy-track.ts';
import { distilled, unmetered } from './builders.ts';
import { energySeen } from './energy-seen.ts';
import type { NodeWide, Run } from './observed.ts';
import type { UnitView } from './units.ts';

/** Of a unit that is done: its own run, in seconds since 1970, with what its worker read, and runs that were lost before. */
interface Case {
  readonly reading?: Partial<EnergyReading>;
  readonly run?: Partial<Run>;
  readonly lost?: readonly Partial<Run>[];
  readonly earlier?: readonly Partial<EnergyReading>[];
}

function unit(name: string, start: number, end: number, given: Case = {}): UnitView {
  const { reading = {}, run = {}, lost = [], earlier } = given;
  const attempt = distilled(name, name);
  if (attempt.result?.value.stage !== 'Distill') throw new Error('not distilled');
  const value = {
    ...attempt.result.value,
    startTime: date(start).toISOString(),
    completionTime: date(end).toISOString(),
    seconds: end - start,
    energy: [gpu(reading)],
    ...(earlier === undefined ? {} : { earlierEnergy: earlier.map(gpu) }),
  };
  const runs = [...lost, { start: date(start), end: date(end), ...run }].map((each, index) => ({
    unit: name,
    attempt: index + 1,
    name: `${name}-${index}`,
    device: 'GPU',
    ...each,
  }));
  const result = { ...attempt.result, value };
  return {
    name,
    stage: 'Distill',
    index: 0,
    blocks: [name],
    attempts: [{ ...attempt, number: runs.length, result }],
    nextNumber: runs.length + 1,
    runs,
    gone: 0,
    state: { kind: 'Done', result },
  };
}

function gpu(change: Partial<EnergyReading>): EnergyReading {
  const { reason: _, ...reading } = unmetered;
  return { ...reading, device: 'GPU-a', kind: 'GPU', joules: 1000, method: 'Counter', ...change };
}

function date(seconds: number): Date {
  return new Date(seconds * 1000);
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
    const { input } = energySeen(
      [
        unit('a', 10, 20, { run: { sharing: { kind: 'None' } } }),
        unit('b', 20, 30, { reading: { device: 'GPU-b' }, run: { sharing: timeSliced } }),
      ],
      { nodeWide: seen({ 'GPU-a': 100, 'GPU-b': 100 }) },
    );
    expect(energyAccountOf(input)).toMatchObject({
      coverage: [],
      used: {},
      reasons: ['GPU: not attributable: the GPUs of node a are time-sliced.', 'No device is covered.'],
    });
  });

  it('says nothing of the processor', () => {
    const reading = { kind: 'CPU', device: 'package-0' } as const;
    const { input } = energySeen([unit('a', 10, 20, { reading, run: { sharing: timeSliced } })]);
    expect(energyAccountOf(input).used).toEqual({ CPU: 1000 });
  });

  it('leaves a doubt where nobody could say whether it is', () => {
    const sharing = { kind: 'Unknown', reason: 'the operator may not read nodes' } as const;
    const { input, remarks } = energySeen([unit('a', 10, 20, { run: { sharing } })]);
    expect(energyAccountOf(input).used).toEqual({ GPU: 1000 });
    expect(remarks).toEqual(['Whether others used the GPUs is unknown: the operator may not read nodes.']);
    const unread = unit('a', 10, 20, { reading: { joules: null }, run: { sharing } });
    expect(energySeen([unread]).remarks).toEqual([]);
  });

  it('leaves none where the cluster knows better than the worker', () => {
    const reading = { sharing: 'Unknown' } as const;
    const caveats = (run: Partial<Run>) =>
      energyAccountOf(energySeen([unit('a', 10, 20, { reading, run })]).input).devices.flatMap((device) => [
        ...device.caveats,
      ]);
    expect(caveats({})).toEqual(["whether others ran on it can't be told."]);
    expect(caveats({ sharing: { kind: 'None' } })).toEqual([]);
  });
});

describe('a node-wide source', () => {
  const units = [
    unit('a', 10, 50, { reading: { joules: 4000 } }),
    unit('b', 60, 110, { reading: { joules: 15_000, device: 'GPU-b' } }),
  ];

  it('tells what whole nodes drew: units and idle devices together, without suspensions', () => {
    const nodeWide = seen({ 'GPU-a': 100, 'GPU-b': 300, 'GPU-c': 50 });
    const { input } = energySeen(units, { nodeWide, suspensions: [{ start: 52, end: 58 }] });
    const account = energyAccountOf(input);
    expect(account.used).toEqual({ GPU: 19_000 });
    // All three, for the 100 seconds from 10 to 110 without 6.
    expect(totalOf(account.dedicatedNode ?? {})).toBeCloseTo(94 * 450, 6);
    expect(account.method).toBe('Counter');
    expect(account.reasons).toEqual([]);
  });

  it('tells what GPUs that were held drew while no unit ran on them', () => {
    const nodeWide = seen({ 'GPU-a': 100, 'GPU-b': 300, 'GPU-c': 50 }, { reserved: ['GPU-a', 'GPU-c'] });
    const account = energyAccountOf(energySeen(units, { nodeWide }).input);
    // Card a from 50 to 110, card c from 10 to 110.
    expect(account.idleReservedJoules).toBe(6000 + 5000);
  });

  it('says why it does not see all, also where it sees nothing', () => {
    const nodeWide = { devices: [], reserved: [], problems: ['The exporter of node a is silent.'] };
    const { input, remarks } = energySeen(units, { nodeWide });
    expect(input.nodeWide).toBeUndefined();
    expect(remarks).toEqual(['The exporter of node a is silent.']);
  });

  it('is no help for what was before it began to look', () => {
    const early = [unit('a', -100, 50), ...units.slice(1)];
    const account = energyAccountOf(
      energySeen(early, { nodeWide: seen({ 'GPU-a': 100, 'GPU-b': 300 }) }).input,
    );
    expect(account.dedicatedNode).toBeUndefined();
    expect(account.reasons).toContain('The energy of whole nodes is unknown: The samples begin too late.');
  });

  it('sees a node of a cluster from the first unit on that has a GPU there', () => {
    const late = new EnergyTrack({ method: 'Counter', longestSeconds: 30 });
    for (let seconds = 60; seconds <= 200; seconds += 10) late.add({ seconds, joules: 300 * seconds });
    const nodeWide = seen({ 'GPU-a': 100 });
    const devices = [
      { ...nodeWide.devices[0]!, node: 'a' },
      { device: 'GPU-b', kind: 'GPU' as const, node: 'b', power: late },
    ];
    const onNodes = [
      unit('a', 10, 50, { reading: { joules: 4000 }, run: { node: 'a' } }),
      unit('b', 60, 110, { reading: { joules: 15_000, device: 'GPU-b' }, run: { node: 'b' } }),
    ];
    const account = energyAccountOf(energySeen(onNodes, { nodeWide: { ...nodeWide, devices } }).input);
    expect(totalOf(account.dedicatedNode ?? {})).toBeCloseTo(100 * 100 + 50 * 300, 6);
  });
});

describe('an attempt that was killed', () => {
  const killed = { start: date(10), end: date(40) };
  const own = { reading: { joules: 4000 }, lost: [killed] };

  it('is not in the figures where only its own meter could have told', () => {
    const { input, partly } = energySeen([unit('a', 50, 90, own)]);
    expect(energyAccountOf(input).used).toEqual({ GPU: 4000 });
    expect(partly).toEqual([{ name: 'a', attempts: 1, told: false }]);
  });

  it('is in them where a source saw the only card that it can have had, and so is what was idle', () => {
    const { input, partly } = energySeen([unit('a', 50, 90, own)], { nodeWide: seen({ 'GPU-a': 100 }) });
    expect(partly).toEqual([]);
    const account = energyAccountOf(input);
    expect(account).toMatchObject({ used: { GPU: 7000 }, retriedJoules: 3000 });
    expect(totalOf(account.dedicatedNode ?? {})).toBeCloseTo(8000, 6);
  });

  it('is in them with a doubt, where nobody can say whether others used that card', () => {
    const sharing = { kind: 'Unknown', reason: 'node a has no label of GPU feature discovery' } as const;
    const lost = [{ ...killed, sharing }];
    const run = { sharing: { kind: 'None' } } as const;
    const { partly, remarks } = energySeen([unit('a', 50, 90, { ...own, lost, run })], {
      nodeWide: seen({ 'GPU-a': 100 }),
    });
    expect(partly).toEqual([]);
    expect(remarks).toEqual([
      'Whether others used the GPUs is unknown: node a has no label of GPU feature discovery.',
    ]);
  });

  it('is not guessed among several cards, but for one that it was given by name', () => {
    const nodeWide = seen({ 'GPU-a': 100, 'GPU-b': 200 });
    const lost = [{ ...killed, device: 'GPU 1' }];
    expect(energySeen([unit('a', 50, 90, { ...own, lost })], { nodeWide }).partly).toHaveLength(1);
    const named = nodeWide.devices.map((device, index) => ({ ...device, name: `GPU ${index}` }));
    const { input, partly } = energySeen([unit('a', 50, 90, { ...own, lost })], {
      nodeWide: { ...nodeWide, devices: named },
    });
    expect(partly).toEqual([]);
    expect(energyAccountOf(input)).toMatchObject({ used: { GPU: 10_000 }, retriedJoules: 6000 });
  });

  it('is not where the source began to look too late, or does not see a kind that is known of others', () => {
    const early = { ...own, lost: [{ start: date(-100), end: date(40) }] };
    expect(energySeen([unit('a', 50, 90, early)], { nodeWide: seen({ 'GPU-a': 100 }) }).partly).toHaveLength(
      1,
    );
    const onCpu = unit('b', 50, 90, {
      reading: { kind: 'CPU', device: 'package-0' },
      run: { device: 'CPU' },
    });
    const { partly } = energySeen([unit('a', 50, 90, own), onCpu], { nodeWide: seen({ 'GPU-a': 100 }) });
    expect(partly).toMatchObject([{ name: 'a' }]);
  });

  it('is whole with what its checkpoint says, if that is of all its time; several are one', () => {
    const lost = [killed, { start: date(42), end: date(48) }];
    const earlier = (seconds: number) => [{ joules: 900, seconds }];
    const whole = energySeen([unit('a', 50, 90, { ...own, lost, earlier: earlier(30) })]);
    expect(whole.partly).toEqual([]);
    expect(energyAccountOf(whole.input)).toMatchObject({ used: { GPU: 4900 }, retriedJoules: 900 });
    const part = energySeen([unit('a', 50, 90, { ...own, lost, earlier: earlier(20) })]);
    expect(part.partly).toEqual([{ name: 'a', attempts: 2, told: true }]);
    // With a source that has seen it, what is known of a part is not needed.
    const seenWhole = energySeen([unit('a', 50, 90, { ...own, lost, earlier: earlier(20) })], {
      nodeWide: seen({ 'GPU-a': 100 }),
    });
    expect(seenWhole.partly).toEqual([]);
    expect(energyAccountOf(seenWhole.input).used).toEqual({ GPU: 4000 + 3600 });
  });

  it('is no whole where what is missing is much of a short unit', () => {
    const lost = [{ start: date(10), end: date(18) }];
    const of = (seconds: number) =>
      energySeen([unit('a', 50, 70, { ...own, lost, earlier: [{ joules: 100, seconds }] })]).partly.length;
    // Of 28 seconds in all, 2.8 may be missing.
    expect([of(5.5), of(5)]).toEqual([0, 1]);
  });

  it('takes no time from others in between its runs', () => {
    const lost = [killed, { start: date(60), end: date(80) }];
    const earlier = [{ joules: 900, seconds: 50 }];
    const other = unit('b', 42, 55, { reading: { joules: 500 } });
    const { input } = energySeen([unit('a', 90, 100, { ...own, lost, earlier }), other]);
    expect(energyAccountOf(input).used).toEqual({ GPU: 5400 });
  });
});
