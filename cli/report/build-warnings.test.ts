import { describe, expect, test } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { aPlan, at } from '../../operator/decide/builders.ts';
import { buildWarnings } from './build-warnings.ts';
import type { ReportInput } from './report-input.ts';

const complete: DistillationJobStatus = { phase: 'Complete' };
const files = { distill: [], attempts: [], suspensions: [] };

function warningsOf(status: DistillationJobStatus, change: Partial<ReportInput> = {}) {
  const job = { namespace: 'default', name: 'job' };
  return buildWarnings(
    { job, status: { ...complete, ...status }, asOf: at(0), details: files, ...change },
    undefined,
  );
}

const accuracy = (standardError: number) => ({
  value: 0.9,
  samples: 100,
  standardError,
  measure: 'Top1' as const,
});
const block = (name: string, state: 'Collapsed' | 'Kept' | 'Failed' | 'Distilled') => ({
  name,
  layers: name,
  state,
});

describe('a report warns', () => {
  test('of nothing where all is well', () => {
    expect(warningsOf({})).toEqual([]);
  });

  const stage = (figure: object) => ({
    student: { chosen: 'Stitched' as const, stages: [{ stage: 'Stitched' as const, accuracy: figure }] },
  });
  test.each<{ of: string; code: string; status: DistillationJobStatus; says: string }>([
    {
      of: 'a job that runs',
      code: 'Unfinished',
      status: { phase: 'Distilling', progress: { done: 1, total: 4, percent: 25 } },
      says: 'not finished (distilling, at 25%)',
    },
    {
      of: 'few samples',
      code: 'FewSamples',
      status: stage({ test: accuracy(0.03) }),
      says: 'measured on 100 test samples: the standard error is 3.0 points',
    },
    {
      of: 'missing test data',
      code: 'NoTestData',
      status: stage({ validation: accuracy(0.001) }),
      says: 'no accuracy on unseen data',
    },
    {
      of: 'collapsed blocks',
      code: 'Collapsed',
      status: { blocks: [block('a', 'Collapsed')] },
      says: 'Block a learnt nothing usable',
    },
    {
      of: 'kept blocks',
      code: 'Kept',
      status: { blocks: [block('a', 'Kept'), block('b', 'Kept')] },
      says: '2 blocks (a, b) stayed',
    },
    {
      of: 'failed blocks',
      code: 'Failed',
      status: { blocks: [block('a', 'Failed')] },
      says: 'Block a could not be trained',
    },
    {
      of: 'blocks that are left out',
      code: 'Rejected',
      status: { blocks: [{ ...block('a', 'Distilled'), replaced: false }] },
      says: 'Block a was trained, but is not in the student',
    },
    {
      of: 'more workers than help',
      code: 'MoreWorkersThanHelp',
      status: { speedup: { workers: 5, ceiling: 3.2 } },
      says: 'no more than 4 can help',
    },
    {
      of: 'idle devices',
      code: 'PoorBalance',
      status: { speedup: { workers: 4, balance: 0.6 } },
      says: 'idle for 40%',
    },
    {
      of: 'an estimate',
      code: 'EstimatedSpeedup',
      status: { speedup: { value: 2, basis: 'Estimated' } },
      says: 'nobody ran the blocks one after another',
    },
    {
      of: 'an estimate in place of what was asked for',
      code: 'EstimatedSpeedup',
      status: {
        speedup: { value: 2, basis: 'Estimated' },
        baseline: { mode: 'Job', state: 'Unknown', jobName: 'a', reason: 'There is no job a' },
      },
      says: 'there is no serial run to compare with. There is no job a. It cannot see',
    },
    {
      of: 'a slower student',
      code: 'SlowerStudent',
      status: {
        teacher: { latency: [{ batchSize: 1, milliseconds: 2, repeats: 5 }] },
        student: { latency: [{ batchSize: 1, milliseconds: 3, repeats: 5 }] },
      },
      says: '1.50x slower at batch 1',
    },
    {
      of: 'different GPUs',
      code: 'MixedDevices',
      status: {
        blocks: [
          { ...block('a', 'Distilled'), gpu: 'V100' },
          { ...block('b', 'Distilled'), gpu: 'T4' },
        ],
      },
      says: '(V100, T4)',
    },
    {
      of: 'unknown energy',
      code: 'EnergyUnknown',
      status: { energy: { reason: 'no meter' } },
      says: 'The energy is unknown: no meter.',
    },
    {
      of: 'missed readings',
      code: 'EnergyGaps',
      status: { energy: { joules: 1, gaps: 3 } },
      says: 'in 3 intervals',
    },
  ])('of $of', ({ code, status, says }) => {
    const found = warningsOf(status);
    expect(found.map((warning) => warning.code)).toEqual([code]);
    expect(found[0]?.text).toContain(says);
  });

  test('that files are missing, and why', () => {
    const [found] = warningsOf({}, { details: undefined, whyNoDetails: 'The storage can not be reached' });
    expect(found).toMatchObject({ code: 'StatusAlone' });
    expect(found?.text).toMatch(/^The storage can not be reached\. Loss curves.* drawn from the status\.$/);
    const pods = [{ name: 'pod', unit: 'prepare', attempt: 1, startTime: '2026-01-01T09:00:00Z' }];
    const [known] = warningsOf({ pods }, { details: undefined });
    expect(known?.text).toMatch(/Loss curves and costs of single blocks are missing\.$/);
  });

  test('of what prepare warned of, once', () => {
    const conditions = [
      {
        type: 'Warning',
        status: 'True' as const,
        reason: 'Prepare',
        message: 'Slow.',
        lastTransitionTime: at(0).toISOString(),
      },
    ];
    expect(warningsOf({ conditions })).toEqual([{ code: 'Prepare', text: 'Slow.' }]);
    const details = { ...files, plan: aPlan(['a'], { warnings: ['Slow.'] }) };
    expect(warningsOf({ conditions }, { details })).toEqual([{ code: 'Prepare', text: 'Slow.' }]);
  });
});
