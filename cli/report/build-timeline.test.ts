import { describe, expect, test } from 'vitest';
import {
  anObserved,
  at,
  distilled,
  failed,
  finetuned,
  measured,
  running,
} from '../../operator/decide/builders.ts';
import { decide } from '../../operator/decide/decide.ts';
import type { BaselineResult, DistillResult, UnitResult } from '../../worker/contract/unit-result.ts';
import { buildReport } from './build-report.ts';
import { buildTimeline } from './build-timeline.ts';
import type { AttemptFacts, ReportDetails, ReportInput } from './report-input.ts';

const job = { namespace: 'default', name: 'job', uid: 'uid' };

function attempt(unit: string, change: Partial<AttemptFacts>): AttemptFacts {
  const lone = { prepare: 'Prepare', baseline: 'Baseline', finetune: 'Finetune' } as const;
  const stage = unit.startsWith('unit-') ? 'Distill' : lone[unit as keyof typeof lone];
  return {
    unit,
    stage,
    id: 'attempt-001',
    number: 1,
    device: 'GPU 0',
    startTime: at(0),
    endTime: at(10),
    ...change,
  };
}

/** The committed result of a unit, with the seconds that it counts. */
function result(unit: string, block: string, change: Partial<DistillResult>): DistillResult {
  const value = distilled(unit, block, { seconds: 6 }).result?.value as UnitResult;
  if (value.stage !== 'Distill') throw new Error('not a distill result');
  return { ...value, ...change };
}

function timelineOf(attempts: readonly AttemptFacts[], change: Partial<ReportDetails> = {}) {
  const details = { distill: [], attempts, suspensions: [], ...change };
  const timeline = buildTimeline({ job, status: {}, asOf: at(50), details });
  if (timeline === undefined) throw new Error('no timeline');
  return timeline;
}

const shown = ({ segments }: ReturnType<typeof timelineOf>) =>
  segments.map(({ lane, kind, start, end }) => [lane, kind, start, end]);

describe('the timeline of attempts', () => {
  test('divides an attempt into start-up, teacher and training by the seconds of its result', () => {
    const distill = [result('unit-000', 'a', { seconds: 8, sharedSeconds: 2 })];
    // 10 seconds held the device, 8 of them are accounted for.
    expect(shown(timelineOf([attempt('unit-000', {})], { distill }))).toEqual([
      [0, 'StartUp', 0, 2],
      [0, 'Teacher', 2, 4],
      [0, 'Training', 4, 10],
    ]);
  });

  test('shows the serial run that it is measured against apart from the units', () => {
    const baseline = measured([0, 24]).result?.value as BaselineResult;
    const distill = [result('unit-000', 'a', { seconds: 10, sharedSeconds: 4 })];
    const attempts = [
      attempt('baseline', { endTime: at(24) }),
      attempt('unit-000', { startTime: at(24), endTime: at(34) }),
    ];
    expect(shown(timelineOf(attempts, { baseline, distill }))).toEqual([
      [0, 'Baseline', 0, 24],
      [0, 'Teacher', 24, 28],
      [0, 'Training', 28, 34],
    ]);
  });

  test('keeps proportions where a result counts more than its own attempt, and shows the killed one', () => {
    const distill = [result('unit-000', 'a', { seconds: 8, sharedSeconds: 2, attempt: 'attempt-002' })];
    const attempts = [
      attempt('unit-000', { endTime: at(5), message: 'killed' }),
      attempt('unit-000', { id: 'attempt-002', number: 2, startTime: at(6), endTime: at(10) }),
    ];
    const timeline = timelineOf(attempts, { distill });
    expect(shown(timeline)).toEqual([
      [0, 'Killed', 0, 5],
      [0, 'Teacher', 6, 7],
      [0, 'Training', 7, 10],
      [0, 'Idle', 5, 6],
    ]);
    expect(timeline.segments[0]).toMatchObject({ attempt: 1, note: 'killed', blocks: ['a'] });
  });

  test('a device is idle while another still trains, but not while the job stands still', () => {
    const attempts = [attempt('unit-000', {}), attempt('unit-001', { device: 'GPU 1', endTime: at(30) })];
    const start = at(12).getTime() / 1000;
    const timeline = timelineOf(attempts, { suspensions: [{ start, end: start + 8 }] });
    expect(shown(timeline).filter(([, kind]) => kind === 'Idle')).toEqual([
      [0, 'Idle', 10, 12],
      [0, 'Idle', 20, 30],
    ]);
    expect(timeline.suspensions).toEqual([{ start: 12, end: 20 }]);
    expect(timeline.secondsByKind).toContainEqual({ kind: 'Idle', seconds: 12 });
  });

  test('what has not ended runs until now', () => {
    expect(shown(timelineOf([attempt('prepare', { endTime: undefined })]))).toEqual([[0, 'Running', 0, 50]]);
  });
});

describe('the timeline of the pods that a status remembers', () => {
  const iso = (seconds: number): string => at(seconds).toISOString();
  const pod = (unit: string, start: number, end: number | undefined, number = 1, node = 'gpu-1') => ({
    name: `${unit}-${number}`,
    unit,
    attempt: number,
    node,
    startTime: iso(start),
    ...(end === undefined ? {} : { endTime: iso(end) }),
  });
  const block = {
    name: 'a',
    layers: 'a',
    unit: 'unit-000',
    state: 'Distilled' as const,
    seconds: 6,
    completionTime: iso(60),
  };
  const accuracy = { value: 0.9, samples: 100, standardError: 0.03, measure: 'Top1' as const };
  const done: ReportInput['status'] = {
    phase: 'Complete',
    completionTime: iso(80),
    teacher: { accuracy: { validation: accuracy } },
    student: { parameters: 1 },
    blocks: [block],
    pods: [
      pod('prepare', 0, 10),
      pod('unit-000', 12, 20),
      pod('unit-000', 48, 60, 2, 'gpu-2'),
      pod('finetune', 65, 80),
    ],
  };
  const drawn = (status: ReportInput['status']) =>
    buildTimeline({ job, status, asOf: at(100) })
      ?.segments.filter(({ kind }) => kind !== 'Idle')
      .toSorted((a, b) => a.start - b.start)
      .map((segment) => [segment.kind, segment.start, segment.end, segment.attempt]);

  test('has every pod where and when it ran, the lost ones too', () => {
    const timeline = buildTimeline({ job, status: done, asOf: at(100) });
    expect(timeline?.basis).toBe('Attempts');
    expect(timeline?.lanes.map(({ label }) => label)).toEqual(['gpu-1', 'gpu-2']);
    expect(drawn(done)).toEqual([
      ['Prepare', 0, 10, 1],
      ['Killed', 12, 20, 1],
      // Six seconds of training in twenty of both pods.
      ['Other', 48, 56.4, 2],
      ['Training', 56.4, 60, 2],
      ['Finetune', 65, 80, 1],
    ]);
  });

  test('ends what runs where the status does, and shows no more as trained than has ended', () => {
    const { completionTime: _, student: __, ...open } = done;
    const { completionTime: ___, ...training } = block;
    const status = { ...open, phase: 'Distilling' as const, blocks: [training] };
    const pods = [pod('prepare', 0, 10), pod('unit-000', 12, undefined)];
    expect(drawn({ ...status, pods })).toEqual([
      ['Prepare', 0, 10, 1],
      ['Running', 12, 100, 1],
    ]);
  });

  test('counts attempts and their time by stage', () => {
    const { stages, blocks } = buildReport({ job, status: done, asOf: at(100) }, at(100));
    expect(stages.map(({ stage, seconds, attempts }) => [stage, seconds, attempts])).toEqual([
      ['Prepare', 10, null],
      ['Distill', 20, 2],
      ['Finetune', 15, null],
    ]);
    expect(blocks.map(({ unit, interrupted }) => [unit, interrupted])).toEqual([['unit-000', 1]]);
  });
});

describe('the timeline of a status alone', () => {
  const timelineOfStatus = (status: ReportInput['status']) => buildTimeline({ job, status, asOf: at(60) });

  test('has a bar for each block, and prepare and finetune around them', () => {
    const observed = anObserved([
      distilled('unit-000', 'a', { seconds: 9 }),
      { ...failed('unit-001', { state: 'Interrupted', endTime: at(3) }) },
      { ...distilled('unit-001', 'b', { seconds: 8 }), number: 2 },
      distilled('unit-002', 'c', { seconds: 7 }),
      { ...finetuned({ completionTime: at(20).toISOString() }), startTime: at(11), endTime: at(20) },
    ]);
    const { status } = decide(observed, at(20));
    const timeline = timelineOfStatus(status);
    expect(timeline?.basis).toBe('Status');
    expect(timeline?.seconds).toBe(30);
    const row = (kind: string) =>
      timeline?.segments
        .filter((segment) => segment.kind === kind)
        .map(({ start, end, blocks }) => [start, end, blocks.join()])
        .toSorted((a, b) => String(a[2]).localeCompare(String(b[2])));
    expect(row('Prepare')).toEqual([[0, 10, '']]);
    expect(row('Training')).toEqual([
      [11, 20, 'a'],
      [12, 20, 'b'],
      [13, 20, 'c'],
    ]);
    expect(row('Other')).toEqual([
      [10, 11, 'a'],
      [10, 12, 'b'],
      [10, 13, 'c'],
    ]);
    expect(row('Finetune')).toEqual([[20, 30, '']]);
  });

  test('has a bar of its own for the serial run that it is measured against', () => {
    const times = { startTime: at(0).toISOString(), completionTime: at(24).toISOString() };
    const block = { name: 'a', layers: 'a', state: 'Distilled' as const, seconds: 10 };
    const trained = { startTime: at(24).toISOString(), completionTime: at(34).toISOString() };
    const segments = (state: 'Known' | 'Unknown') =>
      timelineOfStatus({
        startTime: at(-10).toISOString(),
        baseline: { mode: 'Measure', state, seconds: 24, ...times },
        blocks: [{ ...block, ...trained }],
      })
        ?.segments.toSorted((a, b) => a.start - b.start)
        .map(({ kind, start, end }) => [kind, start, end]);
    expect(segments('Known')).toEqual([
      ['Prepare', 0, 10],
      ['Baseline', 10, 34],
      ['Training', 34, 44],
    ]);
    expect(segments('Unknown')?.[1]).toEqual(['Killed', 10, 34]);
  });

  test('has one bar for blocks that were trained by one unit', () => {
    const shared = {
      state: 'Distilled' as const,
      attempts: 1,
      startTime: at(0).toISOString(),
      completionTime: at(10).toISOString(),
    };
    const timeline = timelineOfStatus({
      blocks: [
        { ...shared, name: 'a', layers: 'a', seconds: 3 },
        { ...shared, name: 'b', layers: 'b', seconds: 4 },
      ],
    });
    expect(timeline?.lanes).toHaveLength(1);
    expect(
      timeline?.segments.map(({ kind, start, end, blocks }) => [kind, start, end, blocks.join()]),
    ).toEqual([
      ['Other', 0, 3, 'a,b'],
      ['Training', 3, 6, 'a'],
      ['Training', 6, 10, 'b'],
    ]);
  });

  test('names a row after its node, and after the model of its GPU only where there are several', () => {
    const on = (name: string, node: string, gpu: string) => ({
      name,
      layers: name,
      state: 'Distilled' as const,
      startTime: at(0).toISOString(),
      completionTime: at(10).toISOString(),
      node,
      gpu,
    });
    const labels = (...blocks: ReturnType<typeof on>[]) =>
      timelineOfStatus({ blocks })?.lanes.map(({ label }) => label);
    expect(labels(on('a', 'one', 'V100'), on('b', 'two', 'V100'))).toEqual(['one', 'two']);
    expect(labels(on('a', 'one', 'V100'), on('b', 'one', 'T4'))).toEqual(['one, T4', 'one, V100']);
  });

  test('what runs ends where the status was written', () => {
    const { status } = decide(anObserved([running('unit-002')]), at(5));
    const timeline = timelineOfStatus(status);
    expect(timeline?.segments.filter(({ kind }) => kind === 'Running')).toMatchObject([
      { start: 10, end: 70, blocks: ['c'] },
    ]);
  });

  test('is none before anything has started', () => {
    expect(timelineOfStatus({ phase: 'Pending' })).toBeUndefined();
  });
});
