import { digestOfJson } from '../../common/digest.ts';
import type { UnitMessage } from '../../worker/contract/unit-message.ts';
import type { UnitSpec } from '../../worker/contract/unit-spec.ts';

/** When and how long a pretend worker worked. */
export interface Work {
  readonly start: Date;
  readonly end: Date;
  readonly seconds: number;
}

const accuracy = { value: 0.98, samples: 1000, standardError: 0.0044, measure: 'Top1' } as const;
const accuracies = { validation: accuracy, test: accuracy };
const cost = { parameters: 1_000_000, macs: 10_000_000 };
const latency = [{ batchSize: 1, milliseconds: 2, repeats: 10 }];

/** What a worker would say that has committed the unit; the same unit has the same digests, whoever worked on it. */
export function pretendMessage(spec: UnitSpec, work: Work, blocks: readonly string[]): UnitMessage {
  const common = {
    version: 1,
    jobUid: spec.job.uid,
    unit: spec.unit,
    attempt: spec.attempt.id,
    specDigest: spec.specDigest,
    platform: {
      device: 'GPU',
      deviceName: 'pretend',
      tensorflow: '2.20.0',
      threads: 1,
      precision: 'Float32',
      reproducible: false,
    },
    startTime: work.start.toISOString(),
    completionTime: work.end.toISOString(),
    seconds: work.seconds,
    energy: [{ device: 'GPU', kind: 'GPU', joules: null, gaps: 0, reason: 'no meter' }],
  } as const;
  const folder = `${spec.unit}/${spec.attempt.id}`;
  const digest = digestOfJson({ result: [spec.job.uid, spec.unit, spec.attempt.id] });
  const reference = { path: `${folder}/result.json`, digest };
  const planDigest = spec.plan?.digest ?? digestOfJson('no plan');
  switch (spec.stage) {
    case 'Prepare': {
      const plan = { path: 'plan.json', bytes: 1000, digest: digestOfJson(['plan', spec.job.uid]) };
      return {
        stage: 'Prepare',
        reference,
        facts: { ...common, stage: 'Prepare', plan },
        plan: pretendPlan(blocks),
        profile: {
          teacherSeconds: 0.01,
          warnings: [],
          blocks: blocks.map((name, index) => ({
            name,
            stepSeconds: 0.01,
            prefixSeconds: 0.002 * (index + 1),
          })),
        },
      };
    }
    case 'Baseline': {
      const facts = { ...common, stage: 'Baseline', planDigest } as const;
      return {
        stage: 'Baseline',
        reference,
        facts: { ...facts, activations: 'Memory', sharedSeconds: 0 },
      };
    }
    case 'Distill': {
      const names = spec.blocks ?? [];
      return {
        stage: 'Distill',
        reference,
        facts: {
          ...common,
          stage: 'Distill',
          planDigest,
          activations: 'Memory',
          sharedSeconds: 0,
          blocks: names.map((name) => ({
            name,
            state: 'Distilled',
            trainings: 1,
            epochs: 1,
            stopReason: 'Finished',
            loss: 0.1,
            unexplainedVariance: 0.1,
            score: accuracy,
            seconds: work.seconds / names.length,
          })),
        },
      };
    }
    case 'Finetune':
      return {
        stage: 'Finetune',
        reference,
        facts: {
          ...common,
          stage: 'Finetune',
          planDigest,
          accepted: true,
          blocks: blocks.map((name) => ({
            name,
            replaced: true,
            scoreDrop: 0.01,
          })),
          teacher: {
            cost,
            accuracy: accuracies,
            latency,
          },
          student: {
            cost: {
              parameters: 3e5,
              macs: 3e6,
            },
            stages: [
              {
                stage: 'Finetuned',
                accuracy: accuracies,
              },
            ],
            chosen: 'Finetuned',
            latency,
            digest: digestOfJson(['student', spec.job.uid]),
            uri: 'file:///exchange/student',
          },
        },
      };
  }
}

function pretendPlan(blocks: readonly string[]): Extract<UnitMessage, { stage: 'Prepare' }>['plan'] {
  return {
    batchSize: 64,
    candidates: [...blocks],
    warnings: [],
    teacher: { digest: digestOfJson('teacher'), cost, outputShape: [10], accuracy: accuracies },
    dataset: {
      digest: digestOfJson('data'),
      classes: 10,
      samples: { train: 1000, validation: 1000, test: 1000 },
    },
    kept: [],
    blocks: blocks.map((name, index) => ({
      name,
      layers: [name],
      input: index === 0 ? 'input' : (blocks[index - 1] ?? ''),
      output: name,
      inputShape: [28, 28, 16],
      outputShape: [28, 28, 16],
    })),
  };
}
