import { expect, it } from 'vitest';
import { anObserved, at, distilled, failed } from './builders.ts';
import { decide } from './decide.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

/** What its worker drew on one GPU; null without a meter. */
function metered(attempt: ObservedAttempt, joules: number | null, gpu = attempt.unit): ObservedAttempt {
  const { result } = attempt;
  if (result === undefined) throw new Error('Only a result has joules.');
  const platform = { ...result.value.platform, device: 'GPU' as const, deviceName: 'H100' };
  const value = {
    ...result.value,
    joules,
    joulesReason: joules === null ? 'MIG is on' : undefined,
    platform,
  };
  return { ...attempt, device: `GPU ${gpu}`, result: { ...result, value } };
}

function energyOf(attempts: readonly ObservedAttempt[], change: Partial<Observed> = {}) {
  const [prepare] = anObserved().attempts;
  if (prepare === undefined) throw new Error('no prepare');
  const all = [metered(prepare, 1000), ...attempts];
  return decide({ ...anObserved([], change), attempts: all }, at(20)).status.energy;
}

const two = [
  metered(distilled('unit-000', 'a'), 2000.04, '0'),
  metered(distilled('unit-001', 'b'), 3000, '1'),
];

it('is the sum of all results, by device', () => {
  expect(energyOf([...two, metered(distilled('unit-002', 'c'), 4000, '2')])).toEqual({
    joules: 10_000,
    usedDevices: 10_000,
    retriedJoules: 0,
    coverage: ['GPU'],
    gaps: 0,
    byDevice: [
      { device: 'GPU prepare', kind: 'GPU', model: 'H100', joules: 1000 },
      { device: 'GPU 0', kind: 'GPU', model: 'H100', joules: 2000 },
      { device: 'GPU 1', kind: 'GPU', model: 'H100', joules: 3000 },
      { device: 'GPU 2', kind: 'GPU', model: 'H100', joules: 4000 },
    ],
  });
});

it('is unknown when one of them had no meter, and the others still say what they drew', () => {
  expect(energyOf([...two, metered(distilled('unit-002', 'c'), null, '2')])).toEqual({
    reason: 'GPU: MIG is on.',
    byDevice: [
      { device: 'GPU prepare', kind: 'GPU', model: 'H100', joules: 1000 },
      { device: 'GPU 0', kind: 'GPU', model: 'H100', joules: 2000 },
      { device: 'GPU 1', kind: 'GPU', model: 'H100', joules: 3000 },
      { device: 'GPU 2', kind: 'GPU', model: 'H100', reason: 'MIG is on.' },
    ],
  });
});

it('says what is not in it when attempts were killed', () => {
  const killed = failed('unit-002', { number: 1 });
  const again = { ...metered(distilled('unit-002', 'c'), 4000, '2'), number: 2 };
  const energy = energyOf([...two, killed, again]);
  expect(energy).toMatchObject({
    joules: 10_000,
    reason: 'What 1 attempt without a result drew after the last checkpoint is not in it.',
  });
  // Nor what of it was theirs, which is not nothing.
  expect(energy?.retriedJoules).toBeUndefined();
});

it('is unknown when a unit failed for good, whose energy nobody knows', () => {
  const policy = { ...anObserved().policy, onUnitFailure: 'KeepTeacher' as const, backoffLimit: 0 };
  const energy = energyOf([...two, failed('unit-002')], { policy });
  expect(energy?.joules).toBeUndefined();
  expect(energy?.reason).toBe('GPU: 1 of 4 attempts left no reading.');
});

it('does not count a GPU that the cluster says is shared', () => {
  const sharing = { kind: 'Shared', reason: 'the GPUs of node a are time-sliced' } as const;
  const shared = { ...metered(distilled('unit-002', 'c'), 4000, '2'), sharing };
  const energy = energyOf([...two, shared]);
  expect(energy?.joules).toBeUndefined();
  expect(energy?.reason).toBe('GPU: not attributable: the GPUs of node a are time-sliced.');
});

it('says what the source of node-wide energy could not see', () => {
  const nodeWide = { devices: [], reserved: [], problems: ['No exporter answers.'] };
  const energy = energyOf([...two, metered(distilled('unit-002', 'c'), 4000, '2')], { nodeWide });
  expect(energy).toMatchObject({ joules: 10_000, reason: 'No exporter answers.' });
});
