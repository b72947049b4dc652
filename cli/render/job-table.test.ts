import { describe, expect, it } from 'vitest';
import {
  aPlan,
  anObserved,
  anUnpreparedJob,
  at,
  distilled,
  failed,
  finetuned,
  measured,
  prepared,
  running,
} from '../../operator/decide/builders.ts';
import { decide } from '../../operator/decide/decide.ts';
import type { ObservedAttempt } from '../../operator/decide/observed.ts';
import { jobTable } from './job-table.ts';

const unlabelled = { validation: null, test: null };
const three = [distilled('unit-000', 'a'), distilled('unit-001', 'b'), distilled('unit-002', 'c')];

it('shows accuracy, size, blocks and cost of a finished job, and what is unknown as unknown', () => {
  const teacher = { cost: { parameters: 10_000, macs: 100_000 }, accuracy: { validation: null, test: null } };
  const latency = [{ batchSize: 1, milliseconds: 2.469, repeats: 50 }];
  const { status } = decide(anObserved([...three, finetuned({ teacher: { ...teacher, latency } })]), at(20));
  expect(jobTable(status, { prepare: 10, distill: 10.5 })).toEqual([
    '',
    'Top-1 accuracy',
    '            validation                   test',
    '  teacher       90.00%                unknown',
    '  stitched      89.00%  -1.00 points  unknown    <- kept, chosen on validation',
    '  stitched: validation on 100 samples, standard error 3.00 points',
    '  there is no test data',
    '',
    'Size and speed',
    '                             teacher   student',
    '  parameters                   10.0k     5.00k  2.00x fewer',
    '  multiplications a sample      100k     40.0k  2.50x fewer',
    '  latency, batch 1          2.469 ms  1.235 ms  2.00x faster',
    '',
    'Blocks',
    '  block  state      replaced  unexplained   score drop  training s  reason',
    '  a      distilled  yes              4.6%  2.00 points       9.877',
    '  b      distilled  yes              4.6%  2.00 points       9.877',
    '  c      distilled  no               4.6%  2.00 points       9.877  its score drops by more than 0.05',
    '',
    'Cost',
    '  time     prepare 10.0 s, distill 10.5 s',
    '  speedup  3.00x estimated with 3 workers, balance 1, ceiling 3.00x, 1.67x with prepare and finetune',
    '  energy   unknown (CPU: no meter)',
  ]);
});

describe('what speedup is measured against', () => {
  const policy = { ...anObserved().policy, baseline: { mode: 'Measure' } } as const;
  const costs = (attempts: readonly ObservedAttempt[]): string[] => {
    const { status } = decide(anObserved(attempts, { policy }), at(20));
    return jobTable(status, { baseline: 24 }).slice(-4);
  };

  it('stands beside what the job itself took, with the work that parallel units cost more', () => {
    expect(costs([measured([-100, -76]), ...three, finetuned()])).toEqual([
      '  time      baseline 24.0 s',
      '  baseline  serial run: 24.0 s on one device',
      '  speedup   2.40x measured with 3 workers, balance 1, work inflation 1.25, ceiling 3.00x, 1.47x with prepare and finetune',
      '  energy    unknown (CPU: no meter. No saving is known. What it drew is unknown: CPU: no meter)',
    ]);
  });

  it('says why there is none', () => {
    const [, baseline] = costs([failed('baseline', { exitCode: 64 }), ...three, finetuned()]);
    expect(baseline).toBe(
      '  baseline  serial run: unknown (The serial run to measure against failed for good: It broke)',
    );
  });

  it('makes a saving of energy, or a loss', () => {
    const energyLine = (savingPercent: number): string | undefined =>
      jobTable({ teacher: {}, energy: { joules: 9000, savingPercent } }).at(-1);
    expect(energyLine(10)).toBe('  energy  9.00k J; devices in use: 10.0% less than the baseline');
    expect(energyLine(-2.5)).toBe('  energy  9.00k J; devices in use: 2.5% more than the baseline');
  });
});

it('shows what there is of a job that runs', () => {
  const { status } = decide(anObserved([running('unit-002')]), at(5));
  const text = jobTable(status).join('\n');
  expect(text).toContain('teacher      90.00%');
  expect(text).toContain(
    'speedup  unknown (Known when the last unit has ended; the ceiling is predicted.), ceiling 2.00x',
  );
  expect(text).not.toContain('Size and speed');
});

it.each([
  {
    measure: 'Agreement',
    title: 'Agreement with the teacher',
    drop: 'agreement drop',
  },
  {
    measure: 'Imitation',
    title: "Imitation of the teacher's output",
    drop: 'imitation drop',
  },
] as const)('does not call $measure accuracy', ({ measure, title, drop }) => {
  const score = { value: 0.75, samples: 400, standardError: 0.0217, measure };
  const job = prepared(aPlan(['a'], { teacher: { ...aPlan().teacher, accuracy: unlabelled } }));
  const student = finetuned();
  const result = student.result?.value;
  if (result?.stage !== 'Finetune') throw new Error('The builder makes a result of finetune.');
  const accuracy = { validation: score, test: null };
  const attempts = [
    distilled('unit-000', 'a', { score }),
    finetuned({
      blocks: [{ name: 'a', replaced: true, scoreDrop: 0.25 }],
      student: { ...result.student, stages: [{ stage: 'Stitched', accuracy }] },
    }),
  ];
  const lines = jobTable(decide(anObserved(attempts, { prepared: job }), at(20)).status);
  expect(lines.slice(1, 6)).toEqual([
    title,
    '            validation                    test',
    '  teacher      100.00%                 unknown',
    '  stitched      75.00%  -25.00 points  unknown    <- kept, chosen on validation',
    '  stitched: validation on 400 samples, standard error 2.17 points',
  ]);
  const header = lines.find((line) => line.startsWith('  block '));
  expect(header).toContain(drop);
  expect(lines.join('\n')).not.toContain('score drop');
});

it('says of a known energy what is in it and what is not', () => {
  const { status } = decide(anObserved(three), at(20));
  const energy = { joules: 41_200, coverage: ['GPU' as const], reason: 'CPU: only root may read it.' };
  expect(jobTable({ ...status, energy })).toContain('  energy   41.2k J (GPU; CPU: only root may read it)');
  expect(jobTable({ ...status, energy: { joules: 5 } })).toContain('  energy   5 J');
});

it('has no costs to show when prepare failed', () => {
  const { status } = decide(anUnpreparedJob([failed('prepare', { exitCode: 64 })]), at(20));
  expect(jobTable(status, { prepare: 10 })).toEqual([]);
});
