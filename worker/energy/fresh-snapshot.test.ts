import { expect, test } from 'vitest';
import type { EnergyReading } from '../contract/energy-reading.ts';
import { freshSnapshot } from './fresh-snapshot.ts';
import { SharedText } from './shared-text.ts';

const reading: EnergyReading = {
  device: 'GPU-1',
  kind: 'GPU',
  joules: 100,
  knownJoules: 100,
  gaps: 0,
  gapSeconds: 0,
  estimatedSeconds: 0,
  seconds: 10,
  meanWatts: 10,
};

function snapshotMade(secondsAgo: number): SharedText {
  const text = new SharedText();
  const atSeconds = Number(process.hrtime.bigint()) / 1e9 - secondsAgo;
  text.write(JSON.stringify({ atSeconds, readings: [reading], gpu: { watts: 250 } }));
  return text;
}

test('a snapshot of a meter that looks says how things are', () => {
  expect(freshSnapshot(snapshotMade(1))).toMatchObject({ readings: [reading], gpu: { watts: 250 } });
});

test('of a meter that has stopped looking nothing is known, and the reason says so', () => {
  const { readings, gpu } = freshSnapshot(snapshotMade(60)) ?? {};
  const reason = 'the energy meter has not looked for 60 s';
  expect({ readings, gpu }).toEqual({
    readings: [{ ...reading, joules: null, meanWatts: null, reason }],
    gpu: undefined,
  });
});

test('before the first there is none', () => {
  expect(freshSnapshot(undefined)).toBeUndefined();
  expect(freshSnapshot(new SharedText())).toBeUndefined();
});
