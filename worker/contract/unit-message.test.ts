import { deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOfBytes, type Digest } from '../../common/digest.ts';
import type { BaselineFacts, DistillFacts, EnergyFacts, FinetuneFacts, PlanFacts } from './unit-facts.ts';
import { decodeUnitMessage, encodeUnitMessage, isUnitMessage, type UnitMessage } from './unit-message.ts';

const digest: Digest = `sha256:${'5f'.repeat(32)}`;
const uid = '0f0e8d5a-8c3f-4a55-9a3e-1f2d3c4b5a69';
const reference = { path: `unit-000/${uid}/result.json`, digest };

/** A card that was metered, and processors that only root may ask. */
const metered: EnergyFacts = [
  {
    device: 'GPU-5b3f0c1e-8d27-4b6a-9c41-7e2d90aa13f6',
    kind: 'GPU',
    model: 'NVIDIA A100-SXM4-80GB',
    joules: 123456.789,
    method: 'Counter',
    gaps: 0,
    idleWatts: 54.321,
    sharing: 'Unknown',
  },
  ...[0, 1].flatMap((socket) =>
    (['CPU', 'DRAM'] as const).map((kind, zone) => ({
      device: `${kind === 'CPU' ? 'package' : 'dram'}-${socket}`,
      kind,
      ...(kind === 'CPU' ? { model: 'Intel(R) Xeon(R) Platinum 8480+ CPU @ 2.00GHz' } : {}),
      joules: null,
      gaps: 0,
      reason: `/sys/class/powercap/intel-rapl:${socket}${zone === 0 ? '' : ':0'}/energy_uj may not be read: Linux lets only root read it`,
    })),
  ),
];

const common = {
  version: 1,
  jobUid: uid,
  attempt: uid,
  specDigest: digest,
  platform: {
    device: 'GPU',
    deviceName: 'NVIDIA A100-SXM4-80GB, compute capability 8.0, driver 570.86.15',
    tensorflow: '2.20.0',
    threads: 8,
    precision: 'TF32',
    reproducible: false,
  },
  startTime: '2026-03-01T12:00:00.000Z',
  completionTime: '2026-03-01T13:00:00.000Z',
  seconds: 3599.123456,
  energy: metered,
} as const;

const accuracy = { value: 0.91234567, samples: 10_000, standardError: 0.0028281, measure: 'Top1' } as const;
const accuracies = { validation: accuracy, test: accuracy };

type Figures = (index: number) => number;

function distilled(names: readonly string[], figure: Figures = () => 0.5): UnitMessage {
  const blocks: DistillFacts['blocks'] = names.map((name, index) => ({
    name,
    state: 'Distilled',
    trainings: 1,
    epochs: 10,
    stopReason: 'Finished',
    loss: figure(index),
    unexplainedVariance: figure(index + 1),
    score: { ...accuracy, value: figure(index + 2), standardError: figure(index + 3) / 100 },
    seconds: 100 * figure(index + 4),
    latency: {
      batchSize: 64,
      teacherMilliseconds: 10 * figure(index + 5),
      replacementMilliseconds: 4 * figure(index + 6),
      repeats: 7,
    },
  }));
  const facts: DistillFacts = {
    ...common,
    stage: 'Distill',
    unit: 'unit-000',
    planDigest: digest,
    activations: 'Memory',
    sharedSeconds: 12.3,
    peakMemory: { hostBytes: 4_123_456_789, deviceBytes: 17_987_654_321 },
    blocks,
  };
  return { stage: 'Distill', facts, reference };
}

function finetuned(names: readonly string[], figure: Figures = () => 0.5): UnitMessage {
  const facts: FinetuneFacts = {
    ...common,
    stage: 'Finetune',
    unit: 'finetune',
    planDigest: digest,
    blocks: names.map((name, index) =>
      index % 3 === 0
        ? {
            name,
            replaced: false,
            reason: `Its score drops by ${figure(index).toFixed(4)}.`,
            scoreDrop: figure(index),
          }
        : { name, replaced: true, scoreDrop: figure(index) },
    ),
    teacher: {
      cost: { parameters: 25_636_712, macs: 4_089_184_256 },
      accuracy: accuracies,
      latency: [1, 8, 64].map((batchSize) => ({ batchSize, milliseconds: 12.3456789, repeats: 50 })),
    },
    student: {
      cost: { parameters: 12_636_712, macs: 1_089_184_256 },
      stages: (['Stitched', 'Recalibrated', 'Finetuned'] as const).map((stage) => ({
        stage,
        accuracy: accuracies,
      })),
      chosen: 'Finetuned',
      latency: [1, 8, 64].map((batchSize) => ({ batchSize, milliseconds: 2.3456789, repeats: 50 })),
      digest,
      uri: 's3://models/resnet50-student',
    },
    accepted: true,
  };
  return { stage: 'Finetune', facts, reference };
}

function prepared(
  names: readonly string[],
  kept: readonly string[] = [],
  figure: Figures = () => 0.5,
): UnitMessage {
  const plan: PlanFacts = {
    batchSize: 64,
    teacher: {
      digest,
      cost: { parameters: 25_636_712, macs: 4_089_184_256 },
      outputShape: [1000],
      accuracy: accuracies,
    },
    dataset: {
      digest: digestOfBytes('data'),
      classes: 1000,
      samples: { train: 50_000, validation: 10_000, test: 10_000 },
    },
    blocks: names.map((name, index) => ({
      name,
      layers: [name, `${name}_relu`],
      input: index === 0 ? 'input' : `${names[index - 1]}_relu`,
      output: `${name}_relu`,
      inputShape: [Math.max(7, 56 >> Math.floor(index / 32)), 56, 64],
      outputShape: [Math.max(7, 56 >> Math.floor((index + 1) / 32)), 56, 64],
    })),
    kept: kept.map((name, index) => ({
      name,
      layers: [name],
      reason: `It has ${1000 + index} multiplications, and its replacement would have ${2800 + index}.`,
    })),
    candidates: [...names, ...kept].toSorted(),
    warnings: ['The teacher is better on validation data than on test data.'],
  };
  return {
    stage: 'Prepare',
    facts: {
      ...common,
      stage: 'Prepare',
      unit: 'prepare',
      plan: { path: 'plan.json', bytes: 100_000, digest },
    },
    reference,
    plan,
    profile: {
      teacherSeconds: 0.123,
      blocks: names.map((name, index) => ({
        name,
        stepSeconds: figure(index),
        prefixSeconds: figure(index + 1),
      })),
      warnings: [],
    },
  };
}

/** With the most that meters have to say: a figure and a caveat of every device, twice where there were attempts before. */
function withEnergy(message: UnitMessage, figure: Figures): UnitMessage {
  const all = (offset: number): EnergyFacts =>
    metered.map((reading, index) => ({
      ...reading,
      joules: 1e6 * figure(offset + index),
      method: 'Counter',
      gaps: index,
      idleWatts: 100 * figure(offset + index + 5),
      reason: `counter and sampled power differ by ${11 + index}%`,
    }));
  const earlier = message.stage === 'Prepare' ? {} : { earlierEnergy: all(20) };
  return { ...message, facts: { ...message.facts, energy: all(0), ...earlier } } as UnitMessage;
}

/** 63 characters of which the last ones are a number, as layers of generated networks are called. */
const longNames = (prefix: string, count: number): string[] =>
  Array.from(
    { length: count },
    (_, index) => `${prefix.padEnd(60, 'x').slice(0, 60)}${String(index).padStart(3, '0')}`,
  );

describe('a unit message', () => {
  test('brings back what was said of a unit, with figures of five digits', () => {
    const message = distilled(['a', 'b'], (index) => 0.12345678 / (index + 1));
    const text = encodeUnitMessage(message);
    expect(isUnitMessage(text)).toBe(true);
    const read = decodeUnitMessage(text, ['a', 'b']);
    expect(read).toEqual({
      ...message,
      facts: {
        ...message.facts,
        seconds: 3599.1,
        energy: [{ ...metered[0], joules: 123_460 }, ...metered.slice(1)],
        blocks: [
          {
            name: 'a',
            state: 'Distilled',
            trainings: 1,
            epochs: 10,
            stopReason: 'Finished',
            loss: 0.12346,
            unexplainedVariance: 0.061728,
            score: { ...accuracy, value: 0.041152, standardError: 0.00030864 },
            seconds: 2.4691,
            latency: {
              batchSize: 64,
              teacherMilliseconds: 0.206,
              replacementMilliseconds: 0.0705,
              repeats: 7,
            },
          },
          {
            name: 'b',
            state: 'Distilled',
            trainings: 1,
            epochs: 10,
            stopReason: 'Finished',
            loss: 0.061728,
            unexplainedVariance: 0.041152,
            score: { ...accuracy, value: 0.030864, standardError: 0.00024691 },
            seconds: 2.0576,
            latency: {
              batchSize: 64,
              teacherMilliseconds: 0.176,
              replacementMilliseconds: 0.0617,
              repeats: 7,
            },
          },
        ],
      },
    });
  });

  test('brings back a serial run, of whose blocks nothing is said', () => {
    const facts: BaselineFacts = {
      ...common,
      stage: 'Baseline',
      unit: 'baseline',
      planDigest: digest,
      activations: 'Disk',
      sharedSeconds: 1.5,
    };
    const read = decodeUnitMessage(encodeUnitMessage({ stage: 'Baseline', facts, reference }), []);
    expect(read).toEqual({
      stage: 'Baseline',
      reference,
      facts: { ...facts, seconds: 3599.1, energy: [{ ...metered[0], joules: 123_460 }, ...metered.slice(1)] },
    });
  });

  test('brings back unknown figures and reasons', () => {
    const message = distilled(['a', 'b']);
    if (message.stage !== 'Distill') throw new Error('not distilled');
    const [, b] = message.facts.blocks;
    const collapsed = {
      name: 'a',
      state: 'Collapsed',
      reason: 'The loss is no number.',
      trainings: 2,
      epochs: 1,
    } as const;
    const unknown = {
      stopReason: 'NotFinite',
      loss: null,
      unexplainedVariance: null,
      score: null,
      seconds: 1,
    } as const;
    const facts = {
      ...message.facts,
      energy: metered.slice(1, 2),
      earlierEnergy: [],
      peakMemory: { hostBytes: 5, deviceBytes: null, reason: 'MIG is on' },
      blocks: [
        { ...collapsed, ...unknown },
        { ...b!, latency: null },
      ],
    };
    const read = decodeUnitMessage(encodeUnitMessage({ ...message, facts }), ['a', 'b']);
    expect(read?.facts).toMatchObject({
      energy: metered.slice(1, 2),
      earlierEnergy: [],
      peakMemory: { hostBytes: 5, deviceBytes: null, reason: 'MIG is on' },
      blocks: [
        { ...collapsed, ...unknown },
        { ...b, latency: null },
      ],
    });
    const [first] = read?.stage === 'Distill' ? read.facts.blocks : [];
    expect(first).not.toHaveProperty('latency');
  });

  test('brings back the order of the network, and which boundaries are the same', () => {
    const message = prepared(['b', 'c'], ['a']);
    const read = decodeUnitMessage(encodeUnitMessage(message), []);
    if (read?.stage !== 'Prepare' || message.stage !== 'Prepare') throw new Error('not prepared');
    expect(read.plan.candidates).toEqual(['a', 'b', 'c']);
    const [first, second] = read.plan.blocks;
    expect(second?.input).toBe(first?.output);
    expect(first?.input).not.toBe(first?.output);
    expect(read.plan.blocks.map(({ name, layers, inputShape }) => ({ name, layers, inputShape }))).toEqual([
      { name: 'b', layers: ['b', 'b_relu'], inputShape: [56, 56, 64] },
      { name: 'c', layers: ['c', 'c_relu'], inputShape: [56, 56, 64] },
    ]);
    expect(read.plan.kept).toEqual(message.plan.kept);
    expect(read.profile).toEqual(message.profile);
  });

  test('fits into 3,500 bytes for 128 blocks with names of 63 characters', () => {
    const letters = fc.string({
      unit: fc.constantFrom(...'abcdefghijklmnop_'.split('')),
      minLength: 5,
      maxLength: 60,
    });
    const figures = fc.array(fc.double({ min: 0.0001, max: 1, noNaN: true }), {
      minLength: 132,
      maxLength: 132,
    });
    fc.assert(
      fc.property(letters, figures, (prefix, values) => {
        const names = longNames(`n${prefix}`, 128);
        const figure = (index: number): number => values[index % values.length] ?? 0;
        const messages = [distilled(names, figure), finetuned(names, figure), prepared(names, [], figure)];
        for (const message of [...messages, ...messages.map((each) => withEnergy(each, figure))]) {
          const text = encodeUnitMessage(message);
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(3500);
          const read = decodeUnitMessage(text, names);
          if (read?.stage === 'Baseline') throw new Error('a baseline says nothing of blocks');
          const blocks = read?.stage === 'Prepare' ? read.plan.blocks : read?.facts.blocks;
          expect(blocks?.map(({ name }) => name)).toEqual(names);
          expect(read?.facts.energy.map(({ device }) => device)).toEqual(metered.map(({ device }) => device));
        }
      }),
      { numRuns: 30 },
    );
  });

  test('leaves out how long inference takes, and digits, before it says nothing at all', () => {
    // No two alike, and nothing in them that deflates.
    const random = (index: number): number => Math.abs(Math.sin(1e6 * (index + 1)));
    const said = (count: number) => {
      const names = longNames('conv', count);
      let at = 0;
      const message = distilled(names, () => random(at++));
      const read = decodeUnitMessage(encodeUnitMessage(message), names);
      if (message.stage !== 'Distill' || read?.stage !== 'Distill') throw new Error('not distilled');
      return { given: message.facts.blocks, read: read.facts.blocks };
    };
    const seconds = (blocks: DistillFacts['blocks'], digits: number): number[] =>
      blocks.map((block) => Number(block.seconds.toPrecision(digits)));
    const some = said(64);
    expect(some.read.filter(({ latency }) => !latency)).toEqual([]);
    expect(seconds(some.read, 6)).toEqual(seconds(some.given, 5));
    const most = said(128);
    expect(most.read.filter(({ latency }) => latency !== null)).toEqual([]);
    expect(seconds(most.read, 6)).toEqual(seconds(most.given, 3));
  });

  test('shortens why an energy is unknown, and never leaves it out', () => {
    const unlike = Array.from(
      { length: 500 },
      (_, index) =>
        `k${Math.sin(index + 1)
          .toString(36)
          .slice(3)}`,
    );
    const read = decodeUnitMessage(encodeUnitMessage(prepared(longNames('conv', 64), unlike)), []);
    expect(read?.facts.energy[1]?.reason).toBe(
      '/sys/class/powercap/intel-rapl:0/energy_uj may not be read: Linux lets only roo…',
    );
    expect(read?.facts.energy[0]?.joules).toBe(123_460);
  });

  test('says how many kept layers had no room', () => {
    const unlike = (count: number) =>
      Array.from(
        { length: count },
        (_, index) =>
          `k${Math.sin(index + 1)
            .toString(36)
            .slice(3)}`,
      );
    const read = decodeUnitMessage(encodeUnitMessage(prepared(longNames('conv', 64), unlike(500))), []);
    if (read?.stage !== 'Prepare') throw new Error('not prepared');
    const left = read.plan.kept.length;
    expect(left).toBeLessThan(500);
    expect(read.plan.warnings.at(-1)).toBe(
      `${500 - left} more layers stay as they are; plan.json in the exchange lists them.`,
    );
  });

  test('is refused when names without any pattern do not fit', () => {
    const random = fc.sample(
      fc.string({
        unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'.split('')),
        minLength: 63,
        maxLength: 63,
      }),
      { numRuns: 128, seed: 1 },
    );
    expect(() => encodeUnitMessage(prepared(random))).toThrow(
      "does not fit into a pod's termination message",
    );
  });

  test.each([
    ['the last words of a worker that failed', 'There is no file "/data/train.idx".'],
    ['a message that was cut off', encodeUnitMessage(distilled(['a'])).slice(0, 200)],
    [
      'something else in its place',
      `blockstill-1:${deflateRawSync('{"stage":"Distill"}').toString('base64')}`,
    ],
    ['a bomb', `blockstill-1:${deflateRawSync(Buffer.alloc(50_000_000)).toString('base64')}`],
  ])('is not found in %s', (_, text) => {
    expect(decodeUnitMessage(text, ['a'])).toBeUndefined();
  });

  test('is not believed about other blocks than those of the unit', () => {
    expect(decodeUnitMessage(encodeUnitMessage(distilled(['a', 'b'])), ['a'])).toBeUndefined();
  });
});
