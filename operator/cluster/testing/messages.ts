/** What workers say when they have committed, for table tests. */
import type { Digest } from '../../../common/digest.ts';
import { specDigestOf, type SpecDigests } from '../../../worker/contract/job-spec.ts';
import type { Stage } from '../../../worker/contract/primitives.ts';
import { encodeUnitMessage, type UnitMessage } from '../../../worker/contract/unit-message.ts';
import { unitNameOf } from '../names.ts';
import { owner, time } from './children.ts';

export const digestOf = (byte: string): Digest => `sha256:${byte.repeat(32)}`;

export const specDigests = {
  Prepare: digestOf('a1'),
  Distill: digestOf('a1'),
  Finetune: digestOf('a2'),
} as const satisfies SpecDigests;

export const planDigest = digestOf('b1');
export const blocks = ['conv_1', 'conv_2'] as const;

export interface Said {
  readonly jobUid?: string;
  readonly specDigest?: Digest;
  readonly planDigest?: Digest;
  readonly index?: number;
  readonly blocks?: readonly string[];
  readonly accepted?: boolean;
  /** When its pod and its worker began and ended; from 5 to 95 unless said. */
  readonly times?: readonly [number, number];
}

const accuracy = { value: 0.9, samples: 100, standardError: 0.03, measure: 'Top1' } as const;
const accuracies = { validation: accuracy, test: null, reason: 'there is no test data' };
const cost = { parameters: 1000, macs: 10_000 };

function common(stage: Stage, change: Said) {
  const [start, end] = change.times ?? [5, 95];
  return {
    version: 1,
    jobUid: change.jobUid ?? owner.uid,
    attempt: 'pod-uid',
    unit: unitNameOf(stage, change.index ?? 0),
    specDigest: change.specDigest ?? specDigestOf(specDigests, stage),
    platform: {
      device: 'GPU',
      deviceName: 'A100',
      tensorflow: '2.20.0',
      threads: 1,
      precision: 'TF32',
      reproducible: false,
    },
    startTime: time(start),
    completionTime: time(end),
    seconds: end - start - 10,
    energy: [{ device: 'GPU', kind: 'GPU', joules: null, gaps: 0, reason: 'no meter' }],
  } as const;
}

const referenceOf = (stage: Stage, index = 0) => ({
  path: `${unitNameOf(stage, index)}/pod-uid/result.json`,
  digest: digestOf('c1'),
});

/** A plan of two blocks. */
export function preparedMessage(change: Said = {}): UnitMessage & { stage: 'Prepare' } {
  const names = change.blocks ?? blocks;
  return {
    stage: 'Prepare',
    facts: {
      ...common('Prepare', change),
      stage: 'Prepare',
      energy: [{ device: 'GPU-0', kind: 'GPU', joules: 10, method: 'Counter', gaps: 0 }],
      plan: { path: 'plan.json', bytes: 1000, digest: change.planDigest ?? planDigest },
    },
    reference: referenceOf('Prepare'),
    plan: {
      batchSize: 10,
      teacher: { digest: digestOf('d1'), cost, outputShape: [10], accuracy: accuracies },
      dataset: {
        digest: digestOf('d2'),
        classes: 10,
        samples: { train: 100, validation: 10, test: null },
      },
      blocks: names.map((name) => ({
        name,
        layers: [name],
        input: 'input',
        output: name,
        inputShape: [8, 8, 4],
        outputShape: [8, 8, 4],
      })),
      kept: [],
      candidates: [...names],
      warnings: [],
    },
    profile: {
      teacherSeconds: 1,
      blocks: names.map((name, index) => ({ name, stepSeconds: index + 1, prefixSeconds: 0 })),
      warnings: [],
    },
  };
}

function distilledMessage(change: Said = {}): UnitMessage {
  const names = change.blocks ?? [blocks[change.index ?? 0] ?? ''];
  return {
    stage: 'Distill',
    facts: {
      ...common('Distill', change),
      stage: 'Distill',
      planDigest: change.planDigest ?? planDigest,
      activations: 'Memory',
      sharedSeconds: 0,
      blocks: names.map((name) => ({
        name,
        state: 'Distilled',
        trainings: 1,
        epochs: 1,
        stopReason: 'Finished',
        loss: 0.1,
        unexplainedVariance: 0.2,
        score: accuracy,
        seconds: 80,
      })),
    },
    reference: referenceOf('Distill', change.index),
  };
}

function baselineMessage(change: Said = {}): UnitMessage {
  return {
    stage: 'Baseline',
    facts: {
      ...common('Baseline', change),
      stage: 'Baseline',
      planDigest: change.planDigest ?? planDigest,
      activations: 'Memory',
      sharedSeconds: 0,
    },
    reference: referenceOf('Baseline'),
  };
}

function finetunedMessage(change: Said = {}): UnitMessage {
  return {
    stage: 'Finetune',
    facts: {
      ...common('Finetune', change),
      stage: 'Finetune',
      planDigest: change.planDigest ?? planDigest,
      blocks: (change.blocks ?? blocks).map((name) => ({ name, replaced: true, scoreDrop: 0.01 })),
      teacher: { cost, accuracy: accuracies, latency: [] },
      student: {
        cost,
        stages: [{ stage: 'Stitched', accuracy: accuracies }],
        chosen: 'Stitched',
        latency: [],
        digest: digestOf('e1'),
        uri: 'file:///data/student',
      },
      accepted: change.accepted ?? true,
    },
    reference: referenceOf('Finetune'),
  };
}

/** The message of a unit as its pod leaves it. */
export function said(stage: Stage, change: Said = {}): string {
  const messages = {
    Prepare: preparedMessage,
    Baseline: baselineMessage,
    Distill: distilledMessage,
    Finetune: finetunedMessage,
  };
  return encodeUnitMessage(messages[stage](change));
}
