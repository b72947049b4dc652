import { describe, expect, it } from 'vitest';
import { status as statusSchema } from '../../crds/status.ts';
import type { Progress } from '../../worker/contract/progress.ts';
import type { DistillResult } from '../../worker/contract/unit-result.ts';
import {
  aPlan,
  anObserved,
  anUnpreparedJob,
  at,
  collapsed,
  distilled,
  failed,
  finetuned,
  podOf,
  prepared,
  running,
} from './builders.ts';
import { decide } from './decide.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

const three = [distilled('unit-000', 'a'), distilled('unit-001', 'b'), distilled('unit-002', 'c')];
const suspended = { reason: 'Suspended', message: 'spec.suspend is true.' } as const;

function conditions(observed: Observed): Record<string, string> {
  const { status } = decide(observed, at(20));
  return Object.fromEntries((status.conditions ?? []).map((condition) => [condition.type, condition.status]));
}

describe('a block of which nothing is left but what its status says', () => {
  it('stays what it was once a student is made of it', () => {
    const { status } = decide(anObserved([...three, finetuned()]), at(20));
    const [, ...others] = three;
    const previous = decide(anObserved(three), at(10)).status;
    const again = decide(anObserved([...others, finetuned()], { previous }), at(20));
    expect(again.status.blocks).toEqual(status.blocks);
  });
});

it('a job that had ended keeps the energy that was seen then, until something of it runs again', () => {
  const ended = anObserved([...three, finetuned()], { reopened: true });
  const energy = { joules: 5, dedicatedNode: 7, reason: 'as it was seen' };
  const previous = { ...decide(ended, at(20)).status, energy };
  expect(decide({ ...ended, previous }, at(50)).status.energy).toEqual(energy);
  const again = running('unit-000', { number: 2, startTime: at(100) });
  const later = { ...ended, attempts: [...ended.attempts, again], previous };
  expect(decide(later, at(150)).status.energy?.reason).not.toBe('as it was seen');
});

describe('conditions, by the table of the design', () => {
  it.each([
    { of: 'preparing', observed: anUnpreparedJob(), expected: { Ready: 'Unknown', Reconciling: 'True' } },
    {
      of: 'running',
      observed: anObserved([running('unit-000')]),
      expected: { Ready: 'Unknown', Reconciling: 'True' },
    },
    {
      of: 'told to stand still, a unit running',
      observed: anObserved([running('unit-000')], { stop: suspended }),
      expected: { Ready: 'Unknown', Reconciling: 'True' },
    },
    {
      of: 'suspended, nothing observed to run',
      observed: anObserved([], { stop: suspended }),
      expected: { Ready: 'Unknown', Suspended: 'True' },
    },
    {
      of: 'complete',
      observed: anObserved([...three, finetuned()]),
      expected: { Ready: 'True', Complete: 'True', Finished: 'True' },
    },
    {
      of: 'failed',
      observed: anObserved([failed('unit-000', { exitCode: 64 })]),
      expected: { Ready: 'False', Stalled: 'True', Failed: 'True', Finished: 'True' },
    },
  ])('$of', ({ observed, expected }) => {
    expect(conditions(observed)).toEqual(expected);
  });

  it('keep the time of their last transition while they stay as they are', () => {
    const first = decide(anObserved([running('unit-000')]), at(20)).status;
    const second = decide(anObserved(three, { previous: first }), at(40)).status;
    const third = decide(anObserved([...three, finetuned()], { previous: second }), at(60)).status;
    const ready = [first, second, third].map(({ conditions: all }) =>
      all?.find(({ type }) => type === 'Ready'),
    );
    expect(ready.map((condition) => condition?.lastTransitionTime)).toEqual(
      [20, 20, 60].map((seconds) => at(seconds).toISOString()),
    );
  });
});

describe('phases', () => {
  it.each([
    { phase: 'Pending', observed: anUnpreparedJob() },
    { phase: 'Preparing', observed: anUnpreparedJob([running('prepare')]) },
    { phase: 'Distilling', observed: anObserved() },
    { phase: 'Finetuning', observed: anObserved(three) },
    { phase: 'Suspended', observed: anObserved([], { stop: suspended }) },
    { phase: 'Complete', observed: anObserved([...three, finetuned()]) },
    { phase: 'Failed', observed: anObserved([...three, finetuned({ accepted: false })]) },
  ])('$phase', ({ phase, observed }) => {
    expect(decide(observed, at(20)).status.phase).toBe(phase);
  });

  it('stays Suspended while a pod may be yet to come, until one is seen', () => {
    const previous = decide(anObserved([], { stop: suspended }), at(20)).status;
    const departed = { state: 'Pending', stopping: true, startTime: undefined } as const;
    const phase = (change: object, before?: typeof previous): string | undefined => {
      const attempt = running('unit-000', { ...departed, ...change });
      const memory = before === undefined ? {} : { previous: before };
      return decide(anObserved([attempt], { stop: suspended, ...memory }), at(21)).status.phase;
    };
    expect(phase({}, previous)).toBe('Suspended');
    expect(phase({})).toBe('Distilling');
    expect(phase({ waitingSince: at(21) }, previous)).toBe('Distilling');
    expect(phase({ state: 'Running', startTime: at(21) }, previous)).toBe('Distilling');
    expect(phase({ stopping: false }, previous)).toBe('Distilling');
  });

  it('stays Preparing when the pod of prepare is gone, and says that it waits', () => {
    const previous = decide(anUnpreparedJob([running('prepare')]), at(20)).status;
    const { status } = decide(anUnpreparedJob([], { previous }), at(30));
    expect(status.phase).toBe('Preparing');
    expect(status.conditions?.find(({ type }) => type === 'Ready')?.message).toBe(
      'Waiting for prepare to start again.',
    );
  });
});

describe('blocks', () => {
  it('show figures with four digits, what became of them, and why', () => {
    const { blocks } = decide(anObserved([...three, finetuned()]), at(20)).status;
    expect(blocks?.[0]).toEqual({
      name: 'a',
      unit: 'unit-000',
      layers: 'a_conv..a_relu',
      state: 'Distilled',
      attempts: 1,
      progress: 100,
      loss: 0.01235,
      unexplainedVariance: 0.04568,
      score: { value: 0.88, samples: 100, standardError: 0.03, measure: 'Top1' },
      seconds: 9.877,
      startTime: at(0).toISOString(),
      completionTime: at(10).toISOString(),
      replaced: true,
    });
    expect(blocks?.[2]).toMatchObject({ replaced: false, reason: 'its score drops by more than 0.05' });
  });

  it('show how long inference takes before and after, and how much memory their unit took', () => {
    const latency = {
      batchSize: 64,
      teacherMilliseconds: 12.34567,
      replacementMilliseconds: 4.56789,
      repeats: 7,
    };
    const attempt = (device: 'CPU' | 'GPU', peakMemory: DistillResult['peakMemory']): ObservedAttempt => {
      const done = distilled('unit-000', 'a', { latency });
      const value = { ...done.result!.value, peakMemory } as DistillResult;
      const result = { ...done.result!, value: { ...value, platform: { ...value.platform, device } } };
      return { ...done, result };
    };
    const of = (...values: Parameters<typeof attempt>) =>
      decide(anObserved([attempt(...values)]), at(20)).status.blocks?.[0];
    expect(of('GPU', { hostBytes: 5, deviceBytes: 3 })).toMatchObject({
      latency: { batchSize: 64, teacherMilliseconds: 12.35, replacementMilliseconds: 4.568, repeats: 7 },
      peakMemory: { hostBytes: 5, deviceBytes: 3 },
    });
    const unknown = { hostBytes: 5, deviceBytes: null, reason: 'MIG is on' };
    expect(of('GPU', unknown)?.peakMemory).toEqual({ hostBytes: 5, reason: 'MIG is on' });
    expect(of('CPU', unknown)?.peakMemory).toEqual({ hostBytes: 5 });
    const { blocks } = decide(anObserved([distilled('unit-000', 'a', { latency: null })]), at(20)).status;
    expect(blocks?.[0]).not.toHaveProperty('latency');
    expect(blocks?.[0]).not.toHaveProperty('peakMemory');
  });

  it.each([
    { of: 'not started', attempts: [], state: 'Pending' },
    { of: 'running', attempts: [running('unit-000')], state: 'Running' },
    { of: 'collapsed', attempts: [collapsed('unit-000', 'a')], state: 'Collapsed' },
    { of: 'failed for good', attempts: [failed('unit-000', { exitCode: 64 })], state: 'Failed' },
    { of: 'waiting for another attempt', attempts: [failed('unit-000')], state: 'Pending' },
  ])('$of: $state', ({ attempts, state }) => {
    expect(decide(anObserved(attempts), at(11)).status.blocks?.[0]?.state).toBe(state);
  });

  it('list what is kept with its reason', () => {
    const plan = aPlan(['a'], { kept: [{ name: 'first', layers: ['first'], reason: 'not cheaper' }] });
    const { blocks } = decide(anObserved([], { prepared: prepared(plan) }), at(0)).status;
    expect(blocks?.[0]).toEqual({
      name: 'first',
      layers: 'first',
      state: 'Kept',
      replaced: false,
      reason: 'not cheaper',
    });
  });

  it("are in the network's order, kept or not, and of the units", () => {
    const kept = ['first', 'middle'].map((name) => ({ name, layers: [name], reason: 'not cheaper' }));
    const plan = aPlan(['a', 'b'], { kept, candidates: ['first', 'a', 'middle', 'b'] });
    const observed = anObserved([], { prepared: prepared(plan, {}, [['b'], ['a']]) });
    expect(decide(observed, at(0)).status.blocks?.map(({ name }) => name)).toEqual([
      'first',
      'a',
      'middle',
      'b',
    ]);
  });

  it('leave out what is kept before what is worked on when there are too many', () => {
    const names = Array.from({ length: 127 }, (_, index) => `block_${index}`);
    const kept = ['first', 'second'].map((name) => ({ name, layers: [name], reason: 'not cheaper' }));
    const { blocks } = decide(anObserved([], { prepared: prepared(aPlan(names, { kept })) }), at(0)).status;
    expect(blocks?.map(({ name }) => name)).toEqual(['first', ...names]);
  });
});

describe('progress', () => {
  const progress = (fraction: number, etaSeconds: number | null): { progress: Progress } => ({
    progress: {
      version: 1,
      stage: 'Distill',
      unit: 'unit-002',
      attempt: 'x',
      activity: 'Training',
      fraction,
      samplesPerSecond: 10,
      etaSeconds,
      blocks: [],
    },
  });

  it('weighs units by their predicted time', () => {
    // Ten steps of 1, 2 and 3 s: 10, 20 and 30 s; prepare took 10 s. Done: 10 + 10 + half of 30 of 70.
    const observed = anObserved([distilled('unit-000', 'a'), running('unit-002', progress(0.5, null))]);
    expect(decide(observed, at(11)).status.progress).toMatchObject({ done: 1, total: 3, percent: 50 });
  });

  it('predicts the end from the longest unit, at the pace seen so far', () => {
    // The done unit took 10 s as predicted; 15 s are left of one and 20 s of the other, on two workers.
    const observed = anObserved(
      [distilled('unit-000', 'a'), running('unit-002', progress(0.5, null)), running('unit-001')],
      {
        capacity: 2,
      },
    );
    expect(decide(observed, at(11)).status.progress?.etaSeconds).toBe(20);
  });

  it('shares what is left among the workers when that takes longer than the longest unit', () => {
    const observed = anObserved([distilled('unit-000', 'a'), running('unit-002', progress(0.5, 16))], {
      capacity: 1,
    });
    // 16 s are left of 32 where 30 were predicted, and 10 s of 10 are done: the pace is (16 + 10) / (15 + 10).
    expect(decide(observed, at(11)).status.progress?.etaSeconds).toBe(16 + 20 * 1.04);
  });

  it('takes start-up for a constant of every unit, not for slow steps', () => {
    // Two units of 10 and 20 s at prepare's pace took 8 s more each. The third: 8 s of start-up and its 30 s.
    const slow = (attempt: ReturnType<typeof distilled>, seconds: number): ReturnType<typeof distilled> => ({
      ...attempt,
      endTime: at(seconds + 8),
      ...(attempt.result === undefined
        ? {}
        : { result: { ...attempt.result, value: { ...attempt.result.value, seconds } } }),
    });
    const observed = anObserved([
      slow(distilled('unit-000', 'a'), 10),
      slow(distilled('unit-001', 'b'), 20),
      running('unit-002'),
    ]);
    // Finetune trains for no epoch here: only its start-up is left.
    expect(decide(observed, at(28)).status.progress?.etaSeconds).toBe(38 + 8);
  });

  it('is complete only at the end', () => {
    expect(decide(anObserved(three), at(20)).status.progress?.percent).toBe(99);
    expect(decide(anObserved([...three, finetuned()]), at(20)).status.progress).toEqual({
      done: 3,
      total: 3,
      percent: 100,
    });
  });
});

describe('speedup and energy', () => {
  it('is predicted by its ceiling while units run', () => {
    const { speedup } = decide(anObserved([running('unit-002')]), at(5)).status;
    expect(speedup).toEqual({
      ceiling: 2,
      reason: 'Known when the last unit has ended; the ceiling is predicted.',
    });
  });

  it('is estimated when they have ended', () => {
    const { speedup, summary } = decide(anObserved([...three, finetuned()]), at(20)).status;
    // Three units of 10 s at the same time; prepare and finetune took 10 s each.
    expect(speedup).toMatchObject({ value: 3, basis: 'Estimated', workers: 3, balance: 1, endToEnd: 1.667 });
    expect(summary).toEqual({
      blocks: '3/3',
      speedup: '3.0x est.',
      accuracy: '89.0% val.',
    });
  });

  it('has the seconds of attempts on GPUs, and none when everything ran on CPUs', () => {
    const on = (device: string) => (attempt: ReturnType<typeof running>) => ({ ...attempt, device });
    const gpuSeconds = (attempts: readonly ReturnType<typeof running>[]): string | undefined =>
      decide(anObserved(attempts), at(20)).status.summary?.gpuSeconds;
    // Three units of 10 s on GPUs, one of them after a failed attempt of 10 s; finetune and prepare had a CPU.
    const units = [failed('unit-000'), ...three].map(on('GPU 0'));
    expect(gpuSeconds([...units, on('CPU')(finetuned())])).toBe('40');
    expect(gpuSeconds([...three, finetuned()].map(on('CPU')))).toBeUndefined();
    expect(gpuSeconds([running('unit-000', { device: 'GPU 0' })])).toBeUndefined();
  });

  it('has a reason in place of energy without a meter', () => {
    expect(decide(anObserved(three), at(20)).status.energy).toEqual({ reason: 'CPU: no meter.' });
  });
});

it('is what the API takes, and stays below 200 kB with 128 blocks and long reasons', () => {
  const names = Array.from({ length: 128 }, (_, index) => `block_${index}_${'x'.repeat(50)}`);
  const plan = aPlan(names);
  const attempts = names.map((name, index) =>
    distilled(`unit-${String(index).padStart(3, '0')}`, name, {
      state: 'Collapsed',
      reason: 'r'.repeat(1000),
    }),
  );
  const runs = Array.from({ length: 4 }, (_, lost) =>
    attempts.map((attempt, index) =>
      podOf(attempt, { name: `${'n'.repeat(55)}-u${index}-${lost}`, node: 'n'.repeat(200), created: at(0) }),
    ),
  ).flat();
  const { suspensions: _, ...observed } = anObserved(attempts, { prepared: prepared(plan), runs });
  const { status } = decide(observed, at(20));
  expect(statusSchema.parse(status)).toEqual(status);
  expect(status.pods?.length).toBeGreaterThan(100);
  expect(JSON.stringify(status).length).toBeLessThan(200_000);
});
