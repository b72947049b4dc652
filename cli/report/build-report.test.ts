import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { at } from '../../operator/decide/builders.ts';
import { resNet50Job } from '../../test/report/resnet50-job.ts';
import { buildReport } from './build-report.ts';
import type { ReportInput } from './report-input.ts';
import { reportSchema } from './report-schema.ts';

const whole = resNet50Job();
const alone: ReportInput = {
  ...whole,
  details: undefined,
  whyNoDetails: 'The exchange is not on this machine.',
};
const unstarted: ReportInput = { ...alone, status: {} };

interface Unknowns {
  readonly path: string;
  readonly nulls: readonly string[];
  readonly reasons: readonly string[];
}

/** Every object that names what is unknown in it. */
function unknownsIn(value: unknown, path = ''): Unknowns[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries = Object.entries(value);
  const own = 'unknown' in value ? (value.unknown as Record<string, string>) : undefined;
  const nulls = entries.filter(([, member]) => member === null).map(([name]) => name);
  return [
    ...(own === undefined ? [] : [{ path, nulls: nulls.toSorted(), reasons: Object.keys(own).toSorted() }]),
    ...entries.flatMap(([name, member]) => unknownsIn(member, `${path}/${name}`)),
  ];
}

describe.each([
  ['files and status', whole],
  ['a status alone', alone],
  ['a job that has not started', unstarted],
])('a report of %s', (_, input) => {
  const report = buildReport(input, at(0));

  test('has the documented form', () => {
    expect(reportSchema.safeParse(report).error?.issues).toBeUndefined();
  });

  test('says why, of everything that is unknown and of nothing else', () => {
    const found = unknownsIn(report);
    expect(found.length).toBeGreaterThan(0);
    for (const { path, nulls, reasons } of found) expect(reasons, path).toEqual(nulls);
  });
});

test('a status alone gives the same report, but for what only files know', () => {
  const [full, less] = [buildReport(whole, at(0)), buildReport(alone, at(0))];
  for (const key of [
    'headline',
    'accuracy',
    'teacher',
    'student',
    'speedup',
    'energy',
    'phase',
    'outcome',
  ] as const) {
    expect(less[key], key).toEqual(full[key]);
  }
  expect(less.timeline?.seconds).toBeCloseTo(172 + 1621.187 + 463, 2);
  expect(less.blocks.map(({ name, state, seconds }) => [name, state, seconds])).toEqual(
    full.blocks.map(({ name, state, seconds }) => [name, state, seconds]),
  );
  for (const key of [
    'teacherLatency',
    'replacementLatency',
    'latencyBatchSize',
    'peakMemoryBytes',
  ] as const) {
    expect(full.blocks.filter((block) => block[key] !== null).length, key).toBeGreaterThan(14);
    expect(less.blocks.map((block) => block[key])).toEqual(full.blocks.map((block) => block[key]));
  }
  const block = less.blocks.at(-1);
  expect(block).toMatchObject({ history: null, teacherCost: null, activations: null });
  expect(block?.unknown['history']).toBe('The exchange is not on this machine.');
  expect(less.sources).toEqual({ files: false, reason: 'The exchange is not on this machine.' });
});

test('figures of the job of 16 blocks are those that follow from the times of its authors', () => {
  const { blocks, timeline, stages } = buildReport(whole, at(0));
  const block = blocks.find(({ name }) => name === 'conv4_block3_2_conv');
  // GPU 1: 335.028 + 361.088 s of two blocks, a killed attempt of 140 s, 20 s of waiting, then 372.347 s.
  expect(block).toMatchObject({ attempts: 2, interrupted: 1, waitedSeconds: 696.116 });
  expect(Date.parse(block?.completionTime ?? '')).toBeCloseTo(at(696.116 + 160 + 372.347).getTime(), -1);
  // 16 epochs of 45,000 images in 70% of what is left after 12 s of start-up.
  expect(block?.imagesPerSecond).toBeCloseTo((16 * 45_000) / (0.7 * (372.347 - 12)), 0);
  expect(block).toMatchObject({ latencyBatchSize: 64, peakHostMemoryBytes: expect.any(Number) });
  // A convolution of 256 channels at 14 x 14, and two separable ones.
  expect(block?.teacherCost?.macs).toBe(9 * 256 * 256 * 14 * 14);
  expect(stages.map(({ stage, attempts }) => [stage, attempts])).toEqual([
    ['Prepare', 1],
    ['Distill', 17],
    ['Finetune', 1],
  ]);
  const seconds = Object.fromEntries(
    timeline?.secondsByKind.map(({ kind, seconds: own }) => [kind, own]) ?? [],
  );
  expect(seconds).toMatchObject({ Prepare: 168, Killed: 140 });
  // 16 blocks of 12 s.
  expect(seconds['StartUp']).toBeCloseTo(192, 3);
  // The last block ends on GPU 1 after 1621.187 s; the others had ended before, and one had waited.
  expect(seconds['Idle']).toBeCloseTo(4 * 1621.187 - 5870.619 - 140, 2);
});

test('energies of the job of 16 blocks are those that follow from the watts of its authors, and add up', () => {
  const { energy, blocks } = buildReport(whole, at(0));
  const { joules = NaN, dedicatedNode = NaN, idleReservedJoules = NaN, byDevice = [] } = energy ?? {};
  // GPU 0: four blocks in 331.807 + 351.213 + 374.016 + 390.674 s, prepare and finetune in 168 + 460 s.
  expect(byDevice.find(({ device }) => device === 'GPU-7b1e5c00')?.joules).toBeCloseTo(
    1447.71 * 116.1 + 628 * 127.6,
    -2,
  );
  // The CPU, in 1621.187 s of training, and in those 628 s.
  const ofCpu = 1621.187 * 137.5 + 628 * 55.4;
  const cpu = byDevice.find(({ device }) => device === 'package-0')?.joules ?? NaN;
  expect(cpu / ofCpu).toBeCloseTo(1, 2);
  expect(energy?.usedDevices).toBe(joules);
  const ofDevices = byDevice.reduce((sum, device) => sum + (device.joules ?? NaN), 0);
  expect(ofDevices / joules).toBeCloseTo(1, 3);
  // The CPU was polled in all pauses, too: 3 s between the last block and finetune, 4 s after prepare.
  expect((joules + idleReservedJoules) / dedicatedNode).toBeCloseTo(1, 2);
  expect(blocks.find(({ name }) => name === 'conv2_block1_2_conv')?.joules).toBeCloseTo(331.807 * 116.1, -1);
});

test('what speedup is measured against is told apart from the job', () => {
  const baseline = { mode: 'Measure', state: 'Known', seconds: 24, attempts: 1 } as const;
  const input = { ...whole, status: { ...whole.status, baseline } };
  const none = { ...whole, status: { ...whole.status, baseline: undefined } };
  const [report, plain] = [buildReport(input, at(0)), buildReport(none, at(0))];
  expect(report.baseline).toEqual(baseline);
  expect(report.stages.map(({ stage }) => stage)).toEqual(['Prepare', 'Baseline', 'Distill', 'Finetune']);
  const ofBaseline = report.facts.filter(({ group }) => group === 'Baseline');
  expect(ofBaseline.map(({ name, value }) => [name, value])).toEqual([
    ['Asked for', 'a serial run of this job'],
    ['State', 'known'],
    ['Time on one device', '24.0 s'],
    ['Attempts', '1'],
  ]);
  expect(plain.baseline).toBeNull();
  expect(plain.facts.filter(({ group }) => group === 'Baseline')).toEqual([]);
});

test('every field is documented', () => {
  const schema = z.toJSONSchema(reportSchema, { io: 'output' });
  const undescribed = (node: unknown, path: string): string[] => {
    if (typeof node !== 'object' || node === null) return [];
    const { properties, items, anyOf } = node as { properties?: object; items?: unknown; anyOf?: unknown[] };
    const own = Object.entries(properties ?? {}).flatMap(
      ([name, value]: [string, { description?: string }]) => [
        ...(value.description === undefined ? [`${path}.${name}`] : []),
        ...undescribed(value, `${path}.${name}`),
      ],
    );
    return [
      ...own,
      ...undescribed(items, `${path}[]`),
      ...(anyOf ?? []).flatMap((each) => undescribed(each, path)),
    ];
  };
  expect(undescribed(schema, '')).toEqual([]);
});
