import { describe, expect, it } from 'vitest';
import type { Digest } from '../../common/digest.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import type { Fingerprint } from '../accounting/baseline.ts';
import { anObserved, at, distilled, finetuned, running } from './builders.ts';
import { decide } from './decide.ts';
import { decideWithBaseline } from './decide-with-baseline.ts';
import type { BaselineJob, Observed, ObservedAttempt } from './observed.ts';

const policy = { ...anObserved().policy, baseline: { mode: 'Job', jobName: 'serial' } } as const;
const three = [distilled('unit-000', 'a'), distilled('unit-001', 'b'), distilled('unit-002', 'c')];
const whole = [...three, finetuned()];

const digest: Digest = `sha256:${'0'.repeat(64)}`;
const other: Digest = `sha256:${'f'.repeat(64)}`;
const execution = { packing: 'PerBlock', activationCache: digest, resources: digest };
const ours = { spec: digest, precision: 'Float32', execution };
const theirs: Fingerprint = { teacher: digest, data: digest, gpuModels: ['CPU'], ...ours };

const status: DistillationJobStatus = {
  phase: 'Complete',
  blocks: [{ name: 'a', layers: 'a', state: 'Distilled', attempts: 1 }],
  speedup: { workers: 1, parallelSeconds: 30, balance: 0.8 },
  energy: { reason: 'CPU: no meter.' },
};

const found = (change: Partial<Extract<BaselineJob, { kind: 'Found' }>> = {}): BaselineJob => ({
  kind: 'Found',
  uid: 'their-uid',
  status,
  ours,
  theirs,
  ...change,
});

function asking(attempts: readonly ObservedAttempt[], change: Partial<Observed> = {}): Observed {
  return anObserved(attempts, { policy, ...change });
}

const statusOf = (observed: Observed): DistillationJobStatus => decide(observed, at(20)).status;

describe('another job as baseline', () => {
  it('gives the serial time, and is remembered with its identity', () => {
    const { speedup, baseline } = statusOf(asking(whole, { baselineJob: found() }));
    expect(speedup).toMatchObject({ value: 2.4, basis: 'Measured', workInflation: 1.25 });
    expect(baseline).toEqual({
      mode: 'Job',
      state: 'Known',
      jobName: 'serial',
      jobUid: 'their-uid',
      seconds: 24,
      reason: 'What it drew is unknown: CPU: no meter.',
    });
  });

  it('keeps what was taken when the other job is gone or has become another', () => {
    const previous = statusOf(asking(whole, { baselineJob: found() }));
    const gone = { kind: 'Unusable', message: 'It is gone.' } as const;
    for (const change of [{}, { baselineJob: gone }]) {
      const after = statusOf(asking(whole, { previous, reopened: true, ...change }));
      expect([after.baseline, after.speedup]).toEqual([previous.baseline, previous.speedup]);
    }
  });

  it.each<{ of: string; job: BaselineJob; reason: string }>([
    { of: 'missing', job: { kind: 'Unusable', message: 'There is none.' }, reason: 'There is none.' },
    {
      of: 'not complete',
      job: found({ status: { phase: 'Distilling' } }),
      reason: 'The job serial is not complete (Distilling).',
    },
    {
      of: 'failed',
      job: found({ status: { ...status, phase: 'Failed' } }),
      reason: 'The job serial is no baseline: It is not complete (Failed).',
    },
    {
      of: 'of another teacher',
      job: found({ theirs: { ...theirs, teacher: other } }),
      reason: 'the teacher differs (sha256:000000000000 here, sha256:ffffffffffff there)',
    },
    {
      of: 'of other data',
      job: found({ theirs: { ...theirs, data: other } }),
      reason: 'the data differs',
    },
    {
      of: 'of another spec',
      job: found({ theirs: { ...theirs, spec: other } }),
      reason: 'what the spec says of blocks differs',
    },
    {
      of: 'of another precision',
      job: found({ theirs: { ...theirs, precision: 'TF32' } }),
      reason: 'the precision differs (Float32 here, TF32 there)',
    },
    {
      of: 'packed in another way',
      job: found({ theirs: { ...theirs, execution: { ...execution, packing: 'Auto' } } }),
      reason: 'the packing differs (PerBlock here, Auto there)',
    },
    {
      of: 'with other units of the same packing',
      job: found({ theirs: { ...theirs, execution: { ...execution, units: [['a', 'b'], ['c']] } } }),
      reason: 'the units into which blocks are packed differ (3 here, 2 there)',
    },
    {
      of: 'of another device',
      job: found({ theirs: { ...theirs, gpuModels: ['H100'] } }),
      reason: 'the GPU model differs (CPU here, H100 there)',
    },
    {
      of: 'parallel itself',
      job: found({ status: { ...status, speedup: { workers: 3, parallelSeconds: 9, balance: 1 } } }),
      reason: 'It is no serial run: 3 of its units ran at once.',
    },
  ])('is refused when it is $of, and the job goes on', ({ job, reason }) => {
    const { phase, speedup, energy, baseline } = statusOf(asking(whole, { baselineJob: job }));
    expect(phase).toBe('Complete');
    expect(baseline?.state).toBe('Unknown');
    expect(speedup).toMatchObject({ basis: 'Estimated' });
    expect(speedup?.workInflation).toBeUndefined();
    for (const text of [baseline?.reason, speedup?.reason, energy?.reason]) expect(text).toContain(reason);
  });

  it('is compared by device only when the units have ended', () => {
    const early = asking([running('unit-000')], { baselineJob: found() });
    expect(statusOf(early).baseline).toEqual({ mode: 'Job', jobName: 'serial', state: 'Pending' });
    expect(decide(early, at(20)).events).not.toContainEqual(
      expect.objectContaining({ reason: 'BaselineUnknown' }),
    );
    const wrong = found({ theirs: { ...theirs, data: other } });
    const refused = decide(asking([running('unit-000')], { baselineJob: wrong }), at(20));
    expect(refused.events).toContainEqual(
      expect.objectContaining({ type: 'Warning', reason: 'BaselineUnknown' }),
    );
  });

  it('does not hold up a unit', () => {
    expect(decide(asking([]), at(20)).create).toHaveLength(3);
  });
});

describe('the look at another job', () => {
  async function looks(observed: Observed): Promise<{ names: string[]; status: DistillationJobStatus }> {
    const names: string[] = [];
    const look = async (name: string): Promise<BaselineJob> => {
      names.push(name);
      return await Promise.resolve(found());
    };
    return { status: (await decideWithBaseline(observed, at(20), look)).status, names };
  }

  it('is taken when there is a plan, and again when the job ends', async () => {
    const first = await looks(asking([]));
    expect(first.names).toEqual(['serial']);
    const later = await looks(asking([running('unit-000')], { previous: first.status }));
    expect(later.names).toEqual([]);
    const last = await looks(asking(whole, { previous: later.status }));
    expect(last.names).toEqual(['serial']);
    expect(last.status.baseline?.state).toBe('Known');
  });

  it('is not taken any more when figures were taken, or the job has ended before', async () => {
    const known = statusOf(asking(whole, { baselineJob: found() }));
    expect((await looks(asking(whole, { previous: known, reopened: true }))).names).toEqual([]);
    const gone: BaselineJob = { kind: 'Unusable', message: 'There is none.' };
    const ended = statusOf(asking(whole, { baselineJob: gone }));
    expect((await looks(asking(whole, { previous: ended }))).names).toEqual([]);
    // Run again on this machine, it may be there now.
    expect((await looks(asking(whole, { previous: ended, reopened: true }))).status.baseline?.state).toBe(
      'Known',
    );
  });

  it('is not taken for a job that names none', async () => {
    expect((await looks(anObserved(whole))).names).toEqual([]);
  });
});
