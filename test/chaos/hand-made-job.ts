import { digestOfJson } from '../../common/digest.ts';
import { jobNameOf, labels, stageLabels, unitNameOf } from '../../operator/cluster/names.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import { podEnvironment } from '../../worker/contract/pod.ts';
import type { Reference, UnitSpec } from '../../worker/contract/unit-spec.ts';
import type { JobObject } from './objects.ts';

export interface HandMade {
  readonly namespace: string;
  readonly job: string;
  readonly uid: string;
  readonly stage: Stage;
  readonly index?: number;
  readonly attempt?: number;
  readonly results?: readonly Reference[];
  readonly gpus?: number;
}

/** A child as the operator would make it, for what is tested without an operator. */
export function handMadeJob(options: HandMade): JobObject {
  const { namespace, job, uid, stage, index = 0, attempt = 1, results = [], gpus = 1 } = options;
  const plan = { path: 'prepare/plan.json', digest: digestOfJson(['plan', uid]) };
  const unitSpec = {
    version: 1,
    job: { namespace, name: job, uid },
    stage,
    unit: unitNameOf(stage, index),
    attempt: { number: attempt },
    spec: { teacher: {}, execution: {} },
    specDigest: digestOfJson(stage),
    exchange: '/exchange',
    ...(stage === 'Prepare' ? {} : { plan }),
    ...(stage === 'Distill' ? { blocks: [`conv${index + 1}`] } : {}),
    ...(stage === 'Finetune' ? { results } : {}),
  } satisfies Record<keyof Omit<UnitSpec, 'plan' | 'blocks' | 'results' | OptionalParts>, unknown>;
  const ours = {
    [labels.jobUid]: uid,
    [labels.jobName]: job,
    [labels.stage]: stageLabels[stage],
    [labels.unit]: String(index),
    [labels.attempt]: String(attempt),
  };
  const spec = {
    backoffLimit: 3,
    podReplacementPolicy: 'Failed',
    podFailurePolicy: {
      rules: [
        { action: 'FailJob', onExitCodes: { operator: 'In', values: [64] } },
        { action: 'Ignore', onExitCodes: { operator: 'In', values: [75] } },
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      ],
    },
    template: {
      metadata: { labels: ours },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'worker',
            image: 'example.invalid/worker:1',
            env: [{ name: podEnvironment.unitSpec, value: JSON.stringify(unitSpec) }],
            resources: { limits: { 'nvidia.com/gpu': String(gpus) } },
          },
        ],
      },
    },
  };
  const name = jobNameOf(job, { stage, index, attemptNumber: attempt });
  return { metadata: { name, namespace, labels: ours }, spec };
}

type OptionalParts = 'failedBlocks' | 'teacherDigest';
