import { describe, expect, it } from 'vitest';
import { specDigests } from '../../worker/contract/job-spec.ts';
import { unitSpecSchema } from '../../worker/contract/unit-spec.ts';
import type { UnitToCreate } from '../decide/decision.ts';
import { renderJob, type JobToRender } from './render-job.ts';
import { owner } from './testing/children.ts';
import { accepted, type ObjectChange } from './testing/distillation-jobs.ts';
import { digestOf } from './testing/messages.ts';

const plan = { path: 'prepare/pod/plan.json', digest: digestOf('b1') };
const prepare: UnitToCreate = { unit: 'prepare', stage: 'Prepare', index: 0, attemptNumber: 1 };
const distill: UnitToCreate = {
  unit: 'unit-003',
  stage: 'Distill',
  index: 3,
  attemptNumber: 2,
  plan,
  blocks: ['conv_4', 'conv_5'],
};

function render(
  unit: UnitToCreate,
  { job = {}, ...change }: Partial<JobToRender> & { job?: ObjectChange } = {},
) {
  const acceptedJob = accepted(job);
  return renderJob({
    owner,
    accepted: acceptedJob,
    specDigests: specDigests(acceptedJob.compiled.spec),
    unit,
    retry: 0,
    revision: 1,
    onOneNode: false,
    ...change,
  });
}

interface Template {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
  readonly spec: {
    readonly containers: readonly [{ readonly env: readonly { name: string; value?: string }[] }];
  };
}

const templateOf = (job: ReturnType<typeof renderJob>): Template => job.spec.template as Template;

function unitSpecOf(job: ReturnType<typeof renderJob>): unknown {
  const variable = templateOf(job).spec.containers[0].env.find(({ name }) => name === 'BLOCKSTILL_UNIT_SPEC');
  return JSON.parse(variable?.value ?? '');
}

describe('the Job of an attempt', () => {
  it('runs one pod to its end, and blames nobody for what the cluster does', () => {
    const { metadata, spec } = render(distill, { retry: 1, revision: 2 });
    const { template: _, ...rest } = spec;
    expect(metadata).toEqual({
      name: 'mnist-u003-2',
      namespace: 'team',
      labels: {
        'app.kubernetes.io/name': 'blockstill-worker',
        'app.kubernetes.io/managed-by': 'blockstill',
        'blockstill.dev/job-uid': 'owner-uid',
        'blockstill.dev/job-name': 'mnist',
        'blockstill.dev/stage': 'distill',
        'blockstill.dev/unit': '3',
        'blockstill.dev/attempt': '2',
        'blockstill.dev/retry': '1',
        'blockstill.dev/revision': '2',
      },
      annotations: { 'blockstill.dev/blocks': 'conv_4,conv_5' },
      ownerReferences: [
        {
          apiVersion: 'blockstill.dev/v1alpha1',
          kind: 'DistillationJob',
          name: 'mnist',
          uid: 'owner-uid',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    });
    expect(rest).toEqual({
      parallelism: 1,
      completions: 1,
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [
          { action: 'FailJob', onExitCodes: { containerName: 'worker', operator: 'In', values: [64] } },
          { action: 'Ignore', onExitCodes: { containerName: 'worker', operator: 'In', values: [75] } },
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        ],
      },
    });
  });

  it('gives its labels to its pod, but not those for the queue', () => {
    const labels = {
      'kueue.x-k8s.io/queue-name': 'gpus',
      'kueue.x-k8s.io/priority-class': 'low',
      'kueue.x-k8s.io/max-exec-time-seconds': '7200',
      'kueue.x-k8s.io/prebuilt-workload-name': 'of-one-job',
      'team.example/cost': '7',
    };
    const job = render(prepare, {
      owner: { ...owner, labels },
      job: { pod: { labels: { team: 'vision' } } },
    });
    const {
      'kueue.x-k8s.io/queue-name': queue,
      'kueue.x-k8s.io/priority-class': priority,
      'kueue.x-k8s.io/max-exec-time-seconds': longest,
      ...own
    } = job.metadata.labels ?? {};
    expect([queue, priority, longest]).toEqual(['gpus', 'low', '7200']);
    expect(templateOf(job).metadata.labels).toEqual({ ...own, team: 'vision' });
  });

  it('has names that a cluster takes, for the longest name and very many attempts', () => {
    const long = { ...owner, name: 'a'.repeat(40) };
    const unit = { ...distill, unit: 'unit-127', index: 127, attemptNumber: 9999 };
    const { name = '', labels = {} } = render(unit, { owner: long }).metadata;
    // A pod adds "-" and five characters, and its host name is cut at 63.
    expect(name.length).toBeLessThanOrEqual(63 - 6);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
    for (const [key, value] of Object.entries(labels)) {
      expect(key).toMatch(/^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
      expect(value).toMatch(/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/);
    }
  });
});

describe('what a worker is told', () => {
  it('is a unit spec once its pod has filled in who it is', () => {
    const told = unitSpecOf(render(distill)) as { attempt: object };
    const whole = unitSpecSchema.parse({ ...told, attempt: { ...told.attempt, id: 'pod-uid' } });
    expect(whole).toMatchObject({
      job: { namespace: 'team', name: 'mnist', uid: 'owner-uid' },
      stage: 'Distill',
      unit: 'unit-003',
      attempt: { id: 'pod-uid', number: 2 },
      exchange: 'file:///data/student/.exchange/team/mnist-owner-uid',
      plan,
      blocks: ['conv_4', 'conv_5'],
    });
    expect(Object.keys(whole.spec)).not.toContain('pod');
  });

  it('has the results of all units and what was given up, for finetune', () => {
    const unit: UnitToCreate = {
      unit: 'finetune',
      stage: 'Finetune',
      index: 0,
      attemptNumber: 1,
      plan,
      results: [{ path: 'unit-000/pod/result.json', digest: digestOf('c1') }],
      failedBlocks: [{ name: 'conv_5', reason: 'It broke.' }],
    };
    const { results, failedBlocks } = unit;
    expect(unitSpecOf(render(unit))).toMatchObject({ results, failedBlocks });
  });
});
