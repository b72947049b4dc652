import { describe, expect, it } from 'vitest';
import type { EnergyReading } from '../../worker/contract/energy-reading.ts';
import { anObserved, aPlan, at, distilled, failed, podOf, prepared, unmetered } from './builders.ts';
import { decide } from './decide.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

function gpu(joules: number | null, change: Partial<EnergyReading> = {}): EnergyReading {
  const { reason: _, ...reading } = unmetered;
  return { ...reading, device: 'GPU-0', kind: 'GPU', model: 'H100', joules, method: 'Counter', ...change };
}

/** With what its worker's meters said, and those of the attempts that it went on from. */
function metered(
  attempt: ObservedAttempt,
  energy: readonly EnergyReading[],
  earlierEnergy?: readonly EnergyReading[],
): ObservedAttempt {
  const { result } = attempt;
  if (result === undefined) throw new Error('Only a result has energies.');
  const value = { ...result.value, energy, ...(earlierEnergy === undefined ? {} : { earlierEnergy }) };
  return { ...attempt, result: { ...result, value } };
}

function statusOf(attempts: readonly ObservedAttempt[], change: Partial<Observed> = {}) {
  const [prepare] = anObserved().attempts;
  if (prepare === undefined) throw new Error('no prepare');
  const all = [metered(prepare, [gpu(1000, { device: 'GPU-p' })]), ...attempts];
  return decide({ ...anObserved([], change), attempts: all }, at(20)).status;
}

function energyOf(attempts: readonly ObservedAttempt[], change: Partial<Observed> = {}) {
  return statusOf(attempts, change).energy;
}

const two = [
  metered(distilled('unit-000', 'a'), [gpu(2000.04)]),
  metered(distilled('unit-001', 'b'), [gpu(3000, { device: 'GPU-1' })]),
];
const third = (...readings: readonly EnergyReading[]): ObservedAttempt =>
  metered(distilled('unit-002', 'c'), readings);
const gpu2 = gpu(4000, { device: 'GPU-2' });

describe('the energy of a job', () => {
  it('is the sum of all results, by device', () => {
    expect(energyOf([...two, third(gpu2)])).toEqual({
      joules: 10_000,
      usedDevices: 10_000,
      retriedJoules: 0,
      coverage: ['GPU'],
      method: 'Counter',
      gaps: 0,
      byDevice: [
        { device: 'GPU-p', kind: 'GPU', model: 'H100', joules: 1000 },
        { device: 'GPU-0', kind: 'GPU', model: 'H100', joules: 2000 },
        { device: 'GPU-1', kind: 'GPU', model: 'H100', joules: 3000 },
        { device: 'GPU-2', kind: 'GPU', model: 'H100', joules: 4000 },
      ],
    });
  });

  it('is unknown when one of them had no meter, and the others still say what they drew', () => {
    const energy = energyOf([...two, third(gpu(null, { device: 'GPU-2', reason: 'MIG is on' }))]);
    expect(energy).toMatchObject({ reason: 'GPU: MIG is on.' });
    expect(energy).not.toHaveProperty('joules');
    expect(energy?.byDevice?.map(({ joules, reason }) => joules ?? reason)).toEqual([
      1000,
      2000,
      3000,
      'MIG is on.',
    ]);
  });

  it('of processors is told beside that of GPUs, and is no part of it where only some may be read', () => {
    const cpu: EnergyReading = { ...unmetered, device: 'package-0', reason: 'only root may read it' };
    const energy = energyOf([...two, third(gpu2, cpu)]);
    expect(energy).toMatchObject({
      joules: 10_000,
      coverage: ['GPU'],
      reason: 'CPU: 3 of 4 attempts left no reading.',
    });
  });

  it('says with a device what to bear in mind about its figure', () => {
    const doubtful = gpu(4000, {
      device: 'GPU-2',
      sharing: 'Unknown',
      reason: 'counter and sampled power differ by 12%',
    });
    expect(energyOf([...two, third(doubtful)])?.byDevice?.at(-1)).toMatchObject({
      joules: 4000,
      reason: "counter and sampled power differ by 12%; whether others ran on it can't be told.",
    });
  });

  it('is unknown when a unit failed for good, whose energy nobody knows', () => {
    const policy = { ...anObserved().policy, onUnitFailure: 'KeepTeacher' as const, backoffLimit: 0 };
    const energy = energyOf([...two, failed('unit-002')], { policy });
    expect(energy?.joules).toBeUndefined();
    expect(energy?.reason).toBe('GPU: 1 of 4 attempts left no reading.');
  });

  it('is known when a unit failed for good without having run at all', () => {
    const policy = { ...anObserved().policy, onUnitFailure: 'KeepTeacher' as const, backoffLimit: 0 };
    const never = failed('unit-002', { startTime: undefined, endTime: undefined });
    expect(energyOf([...two, never], { policy })).toMatchObject({ joules: 6000 });
  });

  it('lists no two devices of one name, which the API would not take', () => {
    const node = 'n'.repeat(150);
    const on = (attempt: ObservedAttempt): ObservedAttempt => ({ ...attempt, node });
    const packages = [0, 1].map(
      (socket) => ({ ...gpu(5), kind: 'CPU', device: `package-${socket}` }) as const,
    );
    const energy = energyOf([...two, on(third(gpu2, ...packages))]);
    const names = energy?.byDevice?.map(({ device }) => device) ?? [];
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('attempts that were repeated', () => {
  const killed = failed('unit-002', { number: 1, startTime: at(-100), endTime: at(4) });
  const again = (earlier?: readonly EnergyReading[]): ObservedAttempt => {
    const attempt = metered(distilled('unit-002', 'c'), [gpu2], earlier);
    const { result } = attempt;
    if (result === undefined) throw new Error('no result');
    const value = { ...result.value, startTime: at(5).toISOString() };
    return { ...attempt, number: 2, startTime: at(5), result: { ...result, value } };
  };

  it('count with what their checkpoints say, and are told apart', () => {
    const energy = energyOf([...two, killed, again([gpu(500, { device: 'GPU-2' })])]);
    expect(energy).toMatchObject({
      joules: 10_500,
      retriedJoules: 500,
      reason: 'What 1 attempt without a result drew after the last checkpoint is not in it.',
    });
  });

  it('are all there where the last checkpoint was made at their end', () => {
    const whole = energyOf([...two, killed, again([gpu(500, { device: 'GPU-2', seconds: 100 })])]);
    expect(whole).toMatchObject({ joules: 10_500, retriedJoules: 500 });
    expect(whole).not.toHaveProperty('reason');
    const part = energyOf([...two, killed, again([gpu(500, { device: 'GPU-2', seconds: 98 })])]);
    expect(part?.reason).toContain('after the last checkpoint');
  });

  it('are missing where they left no checkpoint, and how much that is, is not called nothing', () => {
    const energy = energyOf([...two, killed, again()]);
    expect(energy).toMatchObject({
      joules: 10_000,
      reason: 'What 1 attempt without a result drew after the last checkpoint is not in it.',
    });
    expect(energy?.retriedJoules).toBeUndefined();
  });

  it('are none when the worker that did it all was not heard, and another one said so', () => {
    const unheard = failed('unit-002', { state: 'Interrupted', number: 1, endTime: at(11) });
    const messenger = { ...third(gpu2), number: 2, startTime: at(15) };
    const energy = energyOf([...two, unheard, messenger]);
    expect(energy).toMatchObject({ joules: 10_000, retriedJoules: 0 });
    expect(energy).not.toHaveProperty('reason');
  });

  it('make all unknown when their checkpoint does not say what they drew', () => {
    const energy = energyOf([...two, killed, again([])]);
    expect(energy?.joules).toBeUndefined();
    expect(energy?.reason).toBe('GPU: 1 of 5 attempts left no reading.');
  });
});

describe('the energy of a block', () => {
  const blocksOf = (attempts: readonly ObservedAttempt[], change: Partial<Observed> = {}) =>
    statusOf(attempts, change).blocks?.map(({ joules }) => joules);

  it('is that of all attempts at its unit', () => {
    expect(blocksOf([...two, third(gpu2)])).toEqual([2000, 3000, 4000]);
  });

  it('is unknown while that of the job is', () => {
    expect(blocksOf([...two, third(gpu(null, { reason: 'MIG is on' }))])).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is not told apart within a unit of several', () => {
    const plan = aPlan(['a', 'b']);
    const unit = metered(distilled('unit-000', 'a'), [gpu(2000)]);
    const { result } = unit;
    if (result?.value.stage !== 'Distill') throw new Error('not distilled');
    const [block] = result.value.blocks;
    const value = { ...result.value, blocks: [block!, { ...block!, name: 'b' }] };
    const together = { ...unit, result: { ...result, value } };
    expect(blocksOf([together], { prepared: prepared(plan, {}, [['a', 'b']]) })).toEqual([
      undefined,
      undefined,
    ]);
  });
});

it('does not count a GPU that the cluster says is shared', () => {
  const sharing = { kind: 'Shared', reason: 'the GPUs of node a are time-sliced' } as const;
  const shared = third(gpu2);
  const energy = energyOf([...two, shared], { runs: [podOf(shared, { sharing })] });
  expect(energy?.joules).toBeUndefined();
  expect(energy?.reason).toBe('GPU: not attributable: the GPUs of node a are time-sliced.');
});

it('says what the source of node-wide energy could not see', () => {
  const nodeWide = { devices: [], reserved: [], problems: ['No exporter answers.'] };
  const energy = energyOf([...two, third(gpu2)], { nodeWide });
  expect(energy).toMatchObject({ joules: 10_000, reason: 'No exporter answers.' });
});
