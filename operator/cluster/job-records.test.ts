import { describe, expect, it } from 'vitest';
import type { KubeObject, Resource } from '../kube/resource.ts';
import type { AcceptedJob } from './accept-job.ts';
import { imageOf, JobRecords, type JobRecord, type PlanRecord } from './job-records.ts';
import { controllerRevisions } from './kube-objects.ts';
import type { OperatorDefaults, SpecDefaults } from './operator-defaults.ts';
import { owner } from './testing/children.ts';
import { aDistillationJob, defaults, type ObjectChange } from './testing/distillation-jobs.ts';
import { FakeCluster } from './testing/fake-cluster.ts';
import { preparedMessage } from './testing/messages.ts';

const plan: PlanRecord = { record: 'Plan', message: preparedMessage(), units: [['conv_1'], ['conv_2']] };

const filling: SpecDefaults = {
  gpuResourceName: 'nvidia.com/gpu.shared',
  tolerations: [{ key: 'spot', operator: 'Exists' }],
  nodeSelector: { pool: 'gpu' },
  storage: { uri: 's3://exchange', s3: { credentialsSecretName: 'minio' } },
};

/** The same job, edited. */
const edited = (generation: number, change: ObjectChange = {}) =>
  aDistillationJob({ ...change, metadata: { generation } });

async function recordOf(
  records: JobRecords,
  object: ReturnType<typeof aDistillationJob>,
): Promise<JobRecord> {
  const loaded = await records.load(object, {});
  if (loaded.kind === 'Invalid') throw new Error(loaded.why.message);
  return loaded.record;
}

function start(given: OperatorDefaults = defaults, cluster = new FakeCluster()) {
  return { cluster, records: new JobRecords(cluster, given) };
}

describe('a job that is new', () => {
  it('is written down once, owned by the job, before it is used', async () => {
    const { cluster, records } = start();
    expect(await recordOf(records, aDistillationJob())).toMatchObject({
      revision: 1,
      plan: undefined,
      refused: undefined,
      accepted: { image: 'registry.example/worker:1' },
    });
    await recordOf(records, aDistillationJob());
    expect(cluster.requests).toEqual([
      'list controllerrevisions',
      'create controllerrevisions/mnist-owner-ui-spec-1',
    ]);
    expect(cluster.of(controllerRevisions)).toMatchObject([
      {
        revision: 1,
        metadata: {
          labels: { 'blockstill.dev/job-uid': owner.uid },
          ownerReferences: [{ kind: 'DistillationJob', uid: owner.uid, controller: true }],
        },
        data: { record: 'Spec', contractVersion: 1 },
      },
    ]);
  });

  it('is not written down when it is invalid', async () => {
    const { cluster, records } = start({ ...defaults, workerImage: undefined });
    expect((await records.load(aDistillationJob(), {})).kind).toBe('Invalid');
    expect(cluster.of(controllerRevisions)).toEqual([]);
    expect(records.size).toBe(0);
  });

  it('is what another operator has written down of it a moment ago', async () => {
    const { cluster, records } = start({ ...defaults, workerImage: 'late:2' });
    const others = new JobRecords(cluster, defaults);
    cluster.refuse(/^create/, { httpStatus: 500, reason: 'InternalError' });
    // It looks before the other one writes.
    await expect(records.load(aDistillationJob(), {})).rejects.toThrow('InternalError');
    await recordOf(others, aDistillationJob());
    const list = cluster.list.bind(cluster);
    let lists = 0;
    cluster.list = async (...given) => {
      lists += 1;
      const found = await list(...given);
      return lists === 1 ? { ...found, items: [] } : found;
    };
    expect((await recordOf(records, aDistillationJob())).accepted.image).toBe('registry.example/worker:1');
    expect(cluster.of(controllerRevisions)).toHaveLength(1);
  });
});

describe('a job that was accepted', () => {
  it('stays what it was when the operator is started with other defaults', async () => {
    const { cluster, records } = start();
    const before = await recordOf(records, aDistillationJob());
    await records.recordPlan(aDistillationJob(), plan, {});
    const newer: OperatorDefaults = {
      workerImage: 'registry.example/worker:2',
      imagePullPolicy: 'Always',
      imagePullSecrets: ['other'],
      runtimeClassName: 'nvidia',
      specDefaults: filling,
      allowHostVolumes: false,
    };
    const after = await recordOf(start(newer, cluster).records, aDistillationJob());
    expect(after).toEqual({ ...before, plan });
    expect(cluster.of(controllerRevisions)).toHaveLength(2);
  });

  it('is not what somebody else says who only has its label', async () => {
    const { cluster, records } = start();
    await recordOf(records, aDistillationJob());
    const [own] = cluster.of(controllerRevisions);
    if (own === undefined) throw new Error('nothing was written down');
    const metadata = { ...own.metadata, name: 'forged', ownerReferences: [] };
    cluster.put(controllerRevisions, {
      ...own,
      metadata,
      revision: 9,
      data: { record: 'Spec', revision: 9 },
    });
    expect((await recordOf(start(defaults, cluster).records, aDistillationJob())).revision).toBe(1);
  });

  it('is read anew after it was forgotten', async () => {
    const { cluster, records } = start();
    await recordOf(records, aDistillationJob());
    records.forget(owner.uid);
    expect(records.size).toBe(0);
    expect((await recordOf(records, aDistillationJob())).revision).toBe(1);
    expect(cluster.writes).toEqual(['create controllerrevisions/mnist-owner-ui-spec-1']);
  });
});

describe('an edit', () => {
  it('of how much runs at once changes that alone, and is no new revision', async () => {
    const { cluster, records } = start();
    await recordOf(records, aDistillationJob());
    const record = await recordOf(records, edited(2, { spec: { execution: { maxParallel: 2 }, retry: 1 } }));
    expect(record).toMatchObject({ revision: 1, current: { spec: { execution: { maxParallel: 2 } } } });
    expect(record.accepted.compiled.spec.execution.maxParallel).toBeUndefined();
    expect(cluster.of(controllerRevisions)).toHaveLength(1);
  });

  it.each([
    { of: 'resources', change: { spec: { resources: { memory: '8Gi' } } } },
    { of: 'tolerations', change: { pod: { tolerations: [{ operator: 'Exists' }] } } },
    { of: 'the image', change: { pod: { image: 'other:2' } } },
  ])('of $of is a new revision, which is found again', async ({ change }) => {
    const { cluster, records } = start();
    const first = await recordOf(records, aDistillationJob());
    await records.recordPlan(aDistillationJob(), plan, {});
    const second = await recordOf(records, edited(2, change));
    expect(second.revision).toBe(2);
    expect(second.plan).toEqual(plan);
    expect(second.specDigests).toEqual(first.specDigests);
    expect(second.accepted).not.toEqual(first.accepted);
    expect(await recordOf(start(defaults, cluster).records, edited(2, change))).toEqual(second);
  });

  it('is written once, though an admission webhook makes something else of it', async () => {
    const { cluster, records } = start();
    await recordOf(records, aDistillationJob());
    const create = cluster.create.bind(cluster);
    cluster.create = async <T extends KubeObject>(resource: Resource<T>, object: T) =>
      await create(resource, JSON.parse(JSON.stringify(object).replaceAll('8Gi', '9Gi')) as T);
    const { accepted } = await recordOf(records, edited(2, { spec: { resources: { memory: '8Gi' } } }));
    expect(accepted.compiled.spec.resources.distill.memory).toBe('9Gi');
    expect(cluster.of(controllerRevisions)).toHaveLength(2);
  });

  it('of resources leaves the device that a stage computes on', async () => {
    const { records } = start();
    await recordOf(records, aDistillationJob());
    const { accepted } = await recordOf(records, edited(2, { spec: { resources: { gpu: { count: 0 } } } }));
    expect(accepted.compiled.spec.resources.distill).toMatchObject({ device: 'GPU', gpu: { count: 0 } });
  });

  it('of another part of the spec, which the API refuses, is not followed', async () => {
    const { records } = start();
    await recordOf(records, aDistillationJob());
    const { accepted } = await recordOf(records, edited(2, { spec: { execution: { seed: 7 } } }));
    expect(accepted.compiled.spec.execution.seed).toBe(0);
  });

  it('that is invalid is refused, and the job goes on from what was accepted until it is taken back', async () => {
    const { cluster, records } = start();
    const first = await recordOf(records, aDistillationJob());
    const pod = { volumes: [{ name: 'data', hostPath: { path: '/srv' } }] };
    const refused = await recordOf(records, edited(2, { pod }));
    expect(refused.refused?.message).toMatch(/of the kind hostPath/);
    expect(refused.accepted).toEqual(first.accepted);
    expect(await recordOf(records, edited(3))).toEqual(first);
    expect(cluster.of(controllerRevisions)).toHaveLength(1);
  });
});

describe('what filled the gaps of a manifest', () => {
  it('fills them after an edit, too, though the operator would have others by now', async () => {
    const { cluster, records } = start({ ...defaults, specDefaults: filling });
    await recordOf(records, aDistillationJob());
    const others: SpecDefaults = {
      gpuResourceName: 'amd.com/gpu',
      tolerations: [],
      nodeSelector: { pool: 'other' },
    };
    const later = start({ ...defaults, specDefaults: others }, cluster).records;
    const { accepted, current } = await recordOf(
      later,
      edited(2, { spec: { resources: { memory: '8Gi' } } }),
    );
    for (const { spec } of [accepted.compiled, current]) {
      expect(spec).toMatchObject({
        resources: { distill: { memory: '8Gi', gpu: { resourceName: 'nvidia.com/gpu.shared' } } },
        pod: { tolerations: filling.tolerations, nodeSelector: { pool: 'gpu' } },
        storage: { uri: 's3://exchange', s3: { credentialsSecretName: 'minio' } },
      });
    }
  });

  it('is nothing in a record of a version that had no such defaults', async () => {
    const { cluster, records } = start();
    const before = await recordOf(records, aDistillationJob());
    const [old] = cluster.of(controllerRevisions);
    if (old === undefined) throw new Error('nothing was written down');
    const { accepted } = old.data as { accepted: AcceptedJob };
    const { specDefaults: _, ...asBefore } = accepted;
    cluster.put(controllerRevisions, { ...old, data: { ...(old.data as object), accepted: asBefore } });
    const newer = start({ ...defaults, specDefaults: filling }, cluster).records;
    expect(await recordOf(newer, aDistillationJob())).toEqual({ ...before, accepted: asBefore });
    const after = await recordOf(newer, edited(2, { spec: { resources: { memory: '8Gi' } } }));
    expect(after.accepted.compiled.spec).toMatchObject({
      resources: { distill: { memory: '8Gi', gpu: { resourceName: 'nvidia.com/gpu' } } },
      pod: before.accepted.compiled.spec.pod,
      storage: before.accepted.compiled.spec.storage,
    });
  });
});

describe('a plan', () => {
  it('that was written first counts, whatever another prepare says', async () => {
    const { cluster, records } = start();
    await recordOf(records, aDistillationJob());
    await records.recordPlan(aDistillationJob(), plan, {});
    const other = { ...plan, units: [['conv_1', 'conv_2']] };
    expect((await records.recordPlan(aDistillationJob(), other, {})).plan).toEqual(plan);
    expect((await recordOf(start(defaults, cluster).records, aDistillationJob())).plan).toEqual(plan);
  });
});

describe('the image of workers', () => {
  const image = { pinned: 'registry.example/worker@sha256:ab', accepted: 'registry.example/worker:1' };

  it('is the one that prepare ran, until the user asks for another', async () => {
    const { records } = start();
    const first = await recordOf(records, aDistillationJob());
    expect(imageOf(first)).toBe('registry.example/worker:1');
    expect(imageOf(await records.recordPlan(aDistillationJob(), { ...plan, image }, {}))).toBe(image.pinned);
    expect(imageOf(await recordOf(records, edited(2, { pod: { image: 'other:2' } })))).toBe('other:2');
    expect(imageOf(await recordOf(records, edited(3)))).toBe(image.pinned);
  });
});

describe('a job that was accepted', () => {
  it('goes on under an operator that would not accept it any more', async () => {
    const pod = {
      volumes: [{ name: 'data', hostPath: { path: '/srv' } }],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    };
    const { cluster, records } = start({ ...defaults, allowHostVolumes: true });
    const object = aDistillationJob({ pod });
    await recordOf(records, object);
    const strict = start({ ...defaults, workerImage: undefined, allowHostVolumes: false }, cluster).records;
    expect(await recordOf(strict, object)).toMatchObject({
      refused: undefined,
      accepted: { image: 'registry.example/worker:1' },
    });
  });

  it('has the last of two edits though the answer to the first was lost', async () => {
    const { cluster, records } = start();
    await recordOf(records, aDistillationJob());
    const typo = start(defaults, cluster).records;
    await recordOf(typo, edited(2, { pod: { priorityClassName: 'typo' } }));
    const record = await recordOf(records, edited(3, { pod: { priorityClassName: 'right' } }));
    expect(record).toMatchObject({
      revision: 3,
      accepted: { compiled: { spec: { pod: { priorityClassName: 'right' } } } },
    });
  });
});
