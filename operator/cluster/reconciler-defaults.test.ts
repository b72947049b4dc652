import { describe, expect, it } from 'vitest';
import { podEnvironment } from '../../worker/contract/pod.ts';
import { volumeClaims, type KubeJob } from './kube-objects.ts';
import type { OperatorDefaults } from './operator-defaults.ts';
import { defaults, type ObjectChange } from './testing/distillation-jobs.ts';
import { SmallWorld } from './testing/small-world.ts';

const onMinio: OperatorDefaults = {
  ...defaults,
  specDefaults: {
    gpuResourceName: 'nvidia.com/mig-1g.10gb',
    tolerations: [
      { key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' },
      { key: 'spot', operator: 'Exists' },
    ],
    nodeSelector: { pool: 'gpu', zone: 'a' },
    storage: {
      uri: 's3://exchange/jobs',
      s3: {
        endpoint: 'https://minio:9000',
        region: 'lab',
        forcePathStyle: true,
        credentialsSecretName: 'minio',
      },
    },
  },
};

const onClaim: OperatorDefaults = {
  ...defaults,
  specDefaults: {
    tolerations: [],
    nodeSelector: {},
    storage: { uri: 'file:///exchange', s3: {}, claimName: 'exchange' },
  },
};

/** What a manifest may say in place of each. */
const ownEverything: ObjectChange = {
  spec: {
    resources: { gpu: { resourceName: 'nvidia.com/gpu' } },
    storage: { uri: 's3://mine', s3: { region: 'eu-west-1' } },
  },
  pod: {
    nodeSelector: { pool: 'mine' },
    tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  },
};

interface Pod {
  readonly nodeSelector?: object;
  readonly affinity?: object;
  readonly tolerations: readonly object[];
  readonly volumes: readonly { readonly name: string }[];
  readonly containers: readonly [
    {
      readonly resources: { readonly limits: object };
      readonly env: readonly {
        readonly name: string;
        readonly value?: string;
        readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string } };
      }[];
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    },
  ];
}

/** What the defaults decide in the pod of a Job. */
function decidedIn(job: KubeJob | undefined) {
  const { spec: pod } = (job?.spec as { template: { spec: Pod } } | undefined)?.template ?? {};
  if (pod === undefined) throw new Error('There is no such Job.');
  const [{ resources, env, volumeMounts }] = pod.containers;
  const unitSpec = JSON.parse(env.find(({ name }) => name === podEnvironment.unitSpec)?.value ?? '') as {
    exchange: string;
    spec: { storage: object };
  };
  return {
    gpu: resources.limits,
    tolerations: pod.tolerations,
    nodeSelector: pod.nodeSelector,
    exchange: unitSpec.exchange,
    storage: unitSpec.spec.storage,
    secrets: env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
    claims: pod.volumes.filter((volume) => 'persistentVolumeClaim' in volume),
    mounts: volumeMounts.filter(({ name }) => !/scratch|tmp|shm/.test(name)),
    affinity: pod.affinity,
  };
}

const dataClaim = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
const dataMount = { name: 'data', mountPath: '/data' };

const ofMinio = {
  gpu: { 'nvidia.com/mig-1g.10gb': '1' },
  tolerations: [
    { key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' },
    { key: 'spot', operator: 'Exists' },
    { key: 'nvidia.com/mig-1g.10gb', operator: 'Exists' },
    { key: 'nvidia.com/gpu', operator: 'Exists' },
  ],
  nodeSelector: { pool: 'gpu', zone: 'a' },
  exchange: 's3://exchange/jobs/team/mnist-owner-uid',
  storage: {
    uri: 's3://exchange/jobs',
    s3: {
      endpoint: 'https://minio:9000',
      region: 'lab',
      forcePathStyle: true,
      credentialsSecretName: 'minio',
    },
    retain: 'OnFailure',
  },
  secrets: ['minio', 'minio', 'minio'],
  claims: [dataClaim],
  mounts: [dataMount],
  affinity: undefined,
};

const plainStorage = {
  uri: 'file:///data/student/.exchange',
  s3: { region: 'us-east-1', forcePathStyle: false },
  retain: 'OnFailure',
};

const ofNothing = {
  gpu: { 'nvidia.com/gpu': '1' },
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
  nodeSelector: undefined,
  exchange: 'file:///data/student/.exchange/team/mnist-owner-uid',
  storage: plainStorage,
  secrets: [],
  claims: [dataClaim],
  mounts: [dataMount],
  affinity: undefined,
};

function start(given: OperatorDefaults, change: ObjectChange = {}): SmallWorld {
  const world = new SmallWorld(change);
  world.restartOperator(given);
  return world;
}

describe('a job that says nothing of it', () => {
  it('has what the operator was installed with', async () => {
    const world = start(onMinio);
    await world.reconcile();
    expect(decidedIn(world.jobs[0])).toEqual(ofMinio);
  });

  it('has what is documented where the operator was told nothing', async () => {
    const world = start(defaults);
    await world.reconcile();
    expect(decidedIn(world.jobs[0])).toEqual(ofNothing);
  });

  it('keeps it under an operator that was installed with something else', async () => {
    const world = start(onMinio);
    await world.reconcile();
    world.commit('Prepare');
    world.restartOperator(onClaim);
    const records = (await world.writes()).filter((write) => write.includes('controllerrevisions'));
    expect(records).toEqual(['create controllerrevisions/mnist-owner-ui-plan']);
    expect(world.jobNames.slice(1).toSorted()).toEqual(['mnist-u000-1', 'mnist-u001-1']);
    for (const job of world.jobs.slice(1)) expect(decidedIn(job)).toEqual(ofMinio);
  });

  it('keeps having none though the operator is installed with some later', async () => {
    const world = start(defaults);
    await world.reconcile();
    world.commit('Prepare');
    world.restartOperator(onMinio);
    await world.reconcile();
    expect(world.jobNames).toHaveLength(3);
    for (const job of world.jobs) expect(decidedIn(job)).toEqual(ofNothing);
  });
});

it('a job that says something of its own has that', async () => {
  const world = start(onMinio, ownEverything);
  await world.reconcile();
  expect(decidedIn(world.jobs[0])).toEqual({
    ...ofMinio,
    gpu: { 'nvidia.com/gpu': '1' },
    tolerations: [
      { key: 'dedicated', operator: 'Exists' },
      { key: 'spot', operator: 'Exists' },
      { key: 'nvidia.com/gpu', operator: 'Exists' },
    ],
    nodeSelector: { pool: 'mine', zone: 'a' },
    exchange: 's3://mine/team/mnist-owner-uid',
    storage: {
      uri: 's3://mine',
      s3: { region: 'eu-west-1', forcePathStyle: false },
      retain: 'OnFailure',
    },
    secrets: [],
  });
});

describe('a claim for the storage of all jobs', () => {
  const exchangeClaim = {
    name: 'blockstill-storage',
    persistentVolumeClaim: { claimName: 'exchange' },
  };

  function startWith(accessMode: string, change: ObjectChange = {}): SmallWorld {
    const world = start(onClaim, change);
    const claim = (name: string, mode: string) =>
      world.cluster.put(volumeClaims, { metadata: { name }, spec: { accessModes: [mode] } });
    claim('data', 'ReadWriteMany');
    claim('exchange', accessMode);
    return world;
  }

  it('is mounted there', async () => {
    const world = startWith('ReadWriteMany');
    await world.reconcile();
    expect(decidedIn(world.jobs[0])).toEqual({
      ...ofNothing,
      exchange: 'file:///exchange/team/mnist-owner-uid',
      storage: { ...plainStorage, uri: 'file:///exchange' },
      claims: [dataClaim, exchangeClaim],
      mounts: [dataMount, { name: 'blockstill-storage', mountPath: '/exchange' }],
    });
  });

  it('for one node keeps all pods there, and that is said', async () => {
    const world = startWith('ReadWriteOnce');
    await world.reconcile();
    expect(world.conditions).toMatchObject({ SingleNode: 'ReadWriteOnce' });
    expect(decidedIn(world.jobs[0]).affinity).toMatchObject({
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{}] },
    });
  });

  it('for one pod can not be used', async () => {
    const world = startWith('ReadWriteOncePod');
    await world.reconcile();
    expect(world.jobs).toEqual([]);
    expect(world.conditions).toMatchObject({ Failed: 'InvalidSpec' });
    expect(world.status.conditions?.find(({ type }) => type === 'Failed')?.message).toMatch(
      /^The claim exchange is ReadWriteOncePod/,
    );
  });

  it('is nothing to a job with a storage of its own', async () => {
    const world = startWith('ReadWriteOncePod', { spec: { storage: { uri: 'file:///data/exchange' } } });
    await world.reconcile();
    expect(decidedIn(world.jobs[0])).toEqual({
      ...ofNothing,
      exchange: 'file:///data/exchange/team/mnist-owner-uid',
      storage: { ...plainStorage, uri: 'file:///data/exchange' },
    });
  });
});
