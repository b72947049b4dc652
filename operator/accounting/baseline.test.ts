import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import {
  baselineOfJob,
  baselineOfRun,
  baselineRefusal,
  compareFingerprints,
  type Fingerprint,
} from './baseline.ts';
import { energyAccountOf } from './energy.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const units = [['a'], ['b', 'c']];
const execution = { packing: 'Auto', workers: 2, activationCache: digest('4'), resources: digest('5') };
const ours: Fingerprint = {
  teacher: digest('1'),
  data: digest('2'),
  spec: digest('3'),
  precision: 'TF32',
  execution: { ...execution, units },
  gpuModels: ['H100', 'H100'],
};

describe('fingerprints', () => {
  it('of the same work on the same model of GPU do not differ, however many GPUs there were', () => {
    expect(compareFingerprints(ours, { ...ours, gpuModels: ['H100'] })).toEqual([]);
    expect(baselineRefusal('serial', ours, { ...ours, gpuModels: ['H100'] })).toBeUndefined();
  });

  it.each<{ change: Partial<Fingerprint>; words: string[] }>([
    {
      change: { teacher: digest('a') },
      words: ['the teacher differs (sha256:111111111111 here, sha256:aaaaaaaaaaaa there)'],
    },
    {
      change: { data: digest('b') },
      words: ['the data differs (sha256:222222222222 here, sha256:bbbbbbbbbbbb there)'],
    },
    {
      change: { spec: digest('c') },
      words: ['what the spec says of blocks differs (sha256:333333333333 here, sha256:cccccccccccc there)'],
    },
    {
      change: { precision: 'Float32' },
      words: ['the precision differs (TF32 here, Float32 there)'],
    },
    {
      change: { execution: { ...execution, packing: 'PerBlock' } },
      words: ['the packing differs (Auto here, PerBlock there)'],
    },
    {
      change: { execution: { ...execution, workers: 4 } },
      words: ['the packing differs (Auto for 2 here, Auto for 4 there)'],
    },
    {
      change: { execution: { ...execution, units: [['a', 'b'], ['c']] } },
      words: ['the units into which blocks are packed differ (2 here, 2 there)'],
    },
    {
      // What was asked for says more than that it came to other units.
      change: { execution: { ...execution, workers: 1, units: [['a', 'b', 'c']] } },
      words: ['the packing differs (Auto for 2 here, Auto for 1 there)'],
    },
    // The same units, whatever they were chosen by.
    { change: { execution: { ...execution, packing: 'PerBlock', workers: 1, units } }, words: [] },
    { change: { execution: { ...execution, workers: 1, units } }, words: [] },
    {
      change: { execution: { ...execution, activationCache: digest('d') } },
      words: ['the activation cache differs (sha256:444444444444 here, sha256:dddddddddddd there)'],
    },
    {
      change: { execution: { ...execution, resources: digest('e') } },
      words: ['what a unit may use differs (sha256:555555555555 here, sha256:eeeeeeeeeeee there)'],
    },
    { change: { execution: undefined }, words: ['how units are run is unknown there'] },
    { change: { gpuModels: ['A100'] }, words: ['the GPU model differs (H100 here, A100 there)'] },
    {
      change: { gpuModels: ['H100', 'A100'] },
      words: [
        'the GPU model differs (H100 here, A100 and H100 there)',
        'the GPUs there are of more than one model',
      ],
    },
    {
      change: { teacher: undefined, gpuModels: [] },
      words: ['the teacher is unknown there', 'the GPU model is unknown there'],
    },
  ])('differ in words: $words', ({ change, words }) => {
    expect(compareFingerprints(ours, { ...ours, ...change })).toEqual(words);
  });

  it('do not match where nothing is known, or where both have the same mixture', () => {
    const unknown = { ...ours, data: undefined };
    expect(compareFingerprints(unknown, unknown)).toEqual(['the data is unknown on both sides']);
    const mixture = { ...ours, gpuModels: ['H100', 'A100'] };
    expect(compareFingerprints(mixture, mixture)).toHaveLength(2);
  });

  it('refuse a baseline in a sentence that says what to do', () => {
    expect(baselineRefusal('serial', ours, { ...ours, precision: 'Float32' })).toBe(
      'Job serial is no baseline for this one: the precision differs (TF32 here, Float32 there). Name a job of the same teacher, data, spec, precision, units (packing), activation cache, resources and GPU model in spec.execution.baseline.jobName.',
    );
  });
});

describe('another job as baseline', () => {
  const status: DistillationJobStatus = {
    phase: 'Complete',
    blocks: [{ name: 'a', layers: 'a', state: 'Distilled', attempts: 1 }],
    speedup: { workers: 1, parallelSeconds: 625, balance: 0.8 },
    energy: { usedDevices: 60_000, dedicatedNode: 90_000, coverage: ['GPU'] },
  };

  it('gives its seconds and its joules in both accountings', () => {
    expect(baselineOfJob(status)).toEqual({
      seconds: { value: 500 },
      energy: { value: { coverage: ['GPU'], used: 60_000, dedicatedNode: 90_000 } },
    });
  });

  it('gives its seconds without energy, with the reason', () => {
    const unmetered = { ...status, energy: { reason: 'GPU: no permission.' } };
    expect(baselineOfJob(unmetered)).toEqual({
      seconds: { value: 500 },
      energy: { reason: 'GPU: no permission.' },
    });
  });

  it('gives no energy when prepare or finetune took more than one try', () => {
    const { seconds, energy } = baselineOfJob({ ...status, attempts: { prepare: 1, finetune: 2 } });
    expect(seconds).toEqual({ value: 500 });
    expect(energy).toMatchObject({
      reason: expect.stringContaining('Its prepare or finetune had to be tried'),
    });
  });

  it.each<{ of: string; change: DistillationJobStatus; reason: string }>([
    { of: 'is not complete', change: { phase: 'Failed' }, reason: 'It is not complete (Failed).' },
    {
      of: 'ran in parallel',
      change: { speedup: { workers: 4, parallelSeconds: 150, balance: 1 } },
      reason: 'It is no serial run: 4 of its units ran at once.',
    },
    {
      of: 'was interrupted',
      change: { blocks: [{ name: 'a', layers: 'a', state: 'Distilled', attempts: 2 }] },
      reason:
        '1 of its blocks had to be tried more than once, and a baseline with lost work overstates what parallel work gains.',
    },
    {
      of: 'lost a block',
      change: { blocks: [{ name: 'a', layers: 'a', state: 'Failed', attempts: 1 }] },
      reason: '1 of its blocks failed, so it did less work than a whole serial run.',
    },
    {
      of: 'has no speedup in its status',
      change: { speedup: { reason: 'No unit has run.' } },
      reason: 'Its status does not say how many units ran at once.',
    },
  ])('gives nothing when it $of', ({ change, reason }) => {
    expect(baselineOfJob({ ...status, ...change })).toEqual({ seconds: { reason }, energy: { reason } });
  });
});

describe('a serial run of the same job as baseline', () => {
  const reading = { device: 'A', kind: 'GPU', joules: 4000, method: 'Counter', gaps: 0 } as const;
  const attempt = { start: 10, end: 60, committed: true, readings: [reading] };

  it('gives the seconds for which it held the device, and its joules', () => {
    const account = energyAccountOf({ units: [{ name: 'serial', attempts: [attempt] }] });
    expect(baselineOfRun([attempt], account)).toEqual({
      seconds: { value: 50 },
      energy: { value: { coverage: ['GPU'], used: 4000 } },
    });
  });

  it('gives nothing when it was interrupted, and no energy when it was not metered', () => {
    const killed = { ...attempt, start: 0, end: 5, committed: false, readings: [] };
    const account = energyAccountOf({ units: [{ name: 'serial', attempts: [killed, attempt] }] });
    expect(baselineOfRun([killed, attempt], account).seconds).toEqual({
      reason:
        'It had to be tried more than once, and a baseline with lost work overstates what parallel work gains.',
    });
    const dark = { ...attempt, readings: [{ ...reading, joules: null, reason: 'no library' }] };
    const unmetered = energyAccountOf({ units: [{ name: 'serial', attempts: [dark] }] });
    expect(baselineOfRun([dark], unmetered)).toEqual({
      seconds: { value: 50 },
      energy: { reason: 'GPU: no library.' },
    });
    const short = { ...attempt, end: attempt.start };
    expect(baselineOfRun([short], account).seconds).toEqual({ reason: 'It took no measurable time.' });
    expect(baselineOfRun([], unmetered).seconds).toEqual({ reason: 'The serial run has not ended.' });
  });
});
