import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileJob } from '../../crds/compile-job.ts';
import type { DistillationJob } from '../../crds/distillation-job.ts';
import { acceptJob } from '../../operator/cluster/accept-job.ts';
import type { DistillationJobObject } from '../../operator/cluster/kube-objects.ts';
import { noSpecDefaults } from '../../operator/cluster/operator-defaults.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { cannotRun } from '../cluster/cannot-run.ts';
import { deploymentOf } from './deployment-of.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';
import { chartFolder, only, render, runHelm, type KubernetesObject } from '../../scripts/helm/run-helm.ts';

interface Role extends KubernetesObject {
  readonly rules: readonly object[];
}

interface Pod extends KubernetesObject {
  readonly spec: {
    readonly activeDeadlineSeconds: number;
    readonly serviceAccountName: string;
    readonly securityContext: object;
    readonly nodeSelector?: object;
    readonly tolerations?: readonly object[];
    readonly initContainers: readonly Container[];
    readonly containers: readonly Container[];
  };
}

interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly env?: readonly object[];
  readonly securityContext: object;
}

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

const isOfTest = ({ metadata }: KubernetesObject) => metadata.annotations?.['helm.sh/hook'] === 'test';

async function testObjects(values: object = {}, name = 'blockstill') {
  return (await render(values, { name, withTests: true })).filter(isOfTest);
}

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))('helm test', () => {
  test('has these objects, in this order, made anew each time and kept to be looked at', async () => {
    const objects = await testObjects();
    const weight = ({ metadata }: KubernetesObject) => Number(metadata.annotations?.['helm.sh/hook-weight']);
    const ordered = objects.toSorted((one, other) => weight(one) - weight(other));
    expect(ordered.map(({ kind }) => kind)).toEqual([
      'DistillationJob',
      'ServiceAccount',
      'ConfigMap',
      'PersistentVolumeClaim',
      'Role',
      'RoleBinding',
      'Pod',
    ]);
    // Of one name: Helm 3 asks for the log of a pod of the name of each.
    for (const { metadata } of objects) {
      expect(metadata).toMatchObject({ name: 'blockstill-test', namespace: 'blockstill-system' });
      expect(metadata.annotations?.['helm.sh/hook-delete-policy']).toBe('before-hook-creation');
    }
  });

  test('has no pod that the Service, the budget or a monitor takes for an operator', async () => {
    const { deployment } = deploymentOf(await render());
    const { labels } = only(await testObjects(), 'Pod').metadata;
    expect(labels).not.toMatchObject(deployment.spec.selector.matchLabels);
    expect(labels?.['app.kubernetes.io/component']).toBe('test');
  });

  test('is not there where that is asked for', async () => {
    expect(await testObjects({ test: { enabled: false } })).toEqual([]);
  });

  test('distills what the chart has files of, on a CPU, in a job that waits for its claim', async () => {
    const objects = await testObjects({ test: { timeoutSeconds: 100 } });
    const job = only(objects, 'DistillationJob') as unknown as DistillationJob;
    const { spec } = compileJob(job);
    expect(spec.suspend).toBe(true);
    expect(spec.resources.distill).toMatchObject({
      device: 'CPU',
      gpu: { count: 0 },
      memory: '1Gi',
    });
    expect(spec.execution.pendingDeadlineSeconds).toBe(100);
    const files = await readdir(join(chartFolder, 'files', 'test'));
    const { binaryData } = only<KubernetesObject & { binaryData: object }>(objects, 'ConfigMap');
    expect(Object.keys(binaryData).toSorted()).toEqual(files.toSorted());
    const named = [...JSON.stringify(job).matchAll(/file:\/\/\/given\/([^"]+)/g)].map(([, name]) => name);
    expect(new Set([...named, 'model.json', 'weights.bin'])).toEqual(new Set(files));
  });

  test.each([
    ['S3', { uri: 's3://exchange/jobs' }],
    ['a claim', { uri: 'file:///exchange', claimName: 'exchange' }],
  ])('exchanges nothing by way of %s that other jobs have by default', async (_name, storage) => {
    const job = only(await testObjects({ worker: { storage } }), 'DistillationJob');
    const acceptance = acceptJob(job as unknown as DistillationJobObject, {
      workerImage: 'worker',
      imagePullSecrets: [],
      allowHostVolumes: false,
      specDefaults: { ...noSpecDefaults, storage: { ...storage, s3: {} } },
    });
    if (acceptance.kind !== 'Accepted') throw new Error(acceptance.why.message);
    const { storage: chosen, pod } = acceptance.job.compiled.spec;
    expect(chosen).toMatchObject({ uri: 'file:///claim/exchange', retain: 'Never' });
    expect(pod.volumes?.map(({ name }) => name)).toEqual(['given', 'claim']);
  });

  test('has the image of other jobs, or a smaller one', async () => {
    const imageOf = async (values: object) => {
      const job = only(await testObjects({ test: values }), 'DistillationJob') as unknown as DistillationJob;
      return job.spec.pod?.image;
    };
    expect(await imageOf({})).toBeUndefined();
    expect(await imageOf({ image: { repository: 'mine' } })).toBe(`mine:${packageFile.version}`);
    expect(await imageOf({ image: { repository: 'mine', tag: '2' } })).toBe('mine:2');
    expect(await imageOf({ image: { repository: 'mine', digest } })).toBe(`mine@${digest}`);
  });

  test('has time to pull its image, and Helm is told to wait until it has said why it failed', async () => {
    const objects = await testObjects();
    const { spec } = only(objects, 'DistillationJob') as unknown as DistillationJob;
    expect(spec.activeDeadlineSeconds).toBe(600);
    expect(spec.execution?.pendingDeadlineSeconds).toBe(600);
    const notes = await runHelm(['install', 'lab', chartFolder, '--dry-run=client', '--namespace', 'lab']);
    const [, seconds] = /helm test lab --namespace lab --logs --timeout (\d+)s/.exec(notes.stdout) ?? [];
    expect(Number(seconds)).toBeGreaterThan(only<Pod>(objects, 'Pod').spec.activeDeadlineSeconds);
    expect(notes.stdout).toContain('up to 10 minutes');
  });

  test('has room for a job whose name may be short', async () => {
    const objects = await testObjects({}, 'a-release-with-a-name-of-forty-letters-x');
    const name = 'a-release-with-a-name-of-forty-lett-test';
    expect(only(objects, 'DistillationJob').metadata.name).toBe(name);
    expect(name).toHaveLength(40);
    expect(only<Pod>(objects, 'Pod').spec.initContainers[0]?.command).toContain(name);
  });

  test('lets its job go and follows it, with the operator’s image, and may do nothing else', async () => {
    const extraEnv = [{ name: 'HTTPS_PROXY', value: 'http://proxy' }];
    const objects = await testObjects({ extraEnv, image: { repository: 'mine', tag: '2' } });
    const { spec } = only<Pod>(objects, 'Pod');
    const [resume, status] = [...spec.initContainers, ...spec.containers];
    const place = ['blockstill-test', '--namespace', 'blockstill-system'];
    expect(resume).toMatchObject({
      image: 'mine:2',
      env: extraEnv,
      command: ['blockstill', 'resume', ...place],
    });
    expect(status).toMatchObject({
      image: 'mine:2',
      env: extraEnv,
      command: ['blockstill', 'status', ...place, '--watch'],
    });
    expect(spec.activeDeadlineSeconds).toBe(630);
    expect(only<Role>(objects, 'Role').rules).toEqual([
      {
        apiGroups: ['blockstill.dev'],
        resources: ['distillationjobs'],
        resourceNames: ['blockstill-test'],
        verbs: ['get', 'list', 'patch', 'watch'],
      },
    ]);
    expect(only(objects, 'RoleBinding')).toMatchObject({
      roleRef: { kind: 'Role', name: 'blockstill-test' },
      subjects: [{ kind: 'ServiceAccount', name: spec.serviceAccountName, namespace: 'blockstill-system' }],
    });
  });

  test('has a network policy where the operator has one: out to DNS and the API server, and nobody in', async () => {
    const policies = async (networkPolicy: object) =>
      (await testObjects({ networkPolicy })).filter(({ kind }) => kind === 'NetworkPolicy');
    expect(await policies({})).toEqual([]);
    const objects = await testObjects({
      networkPolicy: { enabled: true, apiServerTo: [{ ipBlock: { cidr: '10.0.0.1/32' } }] },
    });
    const { spec, metadata } = only<KubernetesObject & { spec: object }>(objects, 'NetworkPolicy');
    const pod = only(objects, 'Pod').metadata;
    expect(metadata).toMatchObject({ name: pod.name, namespace: pod.namespace });
    const [name, instance] = ['app.kubernetes.io/name', 'app.kubernetes.io/instance'];
    expect(spec).toEqual({
      podSelector: { matchLabels: { [name]: pod.labels?.[name], [instance]: pod.labels?.[instance] } },
      policyTypes: ['Ingress', 'Egress'],
      egress: [
        {
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
        },
        {
          ports: [
            { port: 443, protocol: 'TCP' },
            { port: 6443, protocol: 'TCP' },
          ],
          to: [{ ipBlock: { cidr: '10.0.0.1/32' } }],
        },
      ],
    });
  });

  test('brings no roles where the chart is to bring none', async () => {
    const objects = await testObjects({ rbac: { create: false } });
    expect(objects.filter(({ kind }) => kind.startsWith('Role'))).toEqual([]);
  });

  test.each([
    ['where the release is', {}, 'blockstill-system'],
    [
      'where the release is, if it is watched',
      { watchNamespaces: ['a', 'blockstill-system'] },
      'blockstill-system',
    ],
    ['where the operator looks first, if it is not', { watchNamespaces: ['a', 'b'] }, 'a'],
    ['where it is told to', { watchNamespaces: ['a', 'b'], test: { namespace: 'b' } }, 'b'],
  ])('runs its job %s, and its pod where Helm looks for logs', async (_name, values, place) => {
    const objects = await testObjects(values);
    for (const kind of ['DistillationJob', 'ConfigMap', 'PersistentVolumeClaim', 'Role', 'RoleBinding'])
      expect(only(objects, kind).metadata.namespace, kind).toBe(place);
    for (const kind of ['Pod', 'ServiceAccount'])
      expect(only(objects, kind).metadata.namespace, kind).toBe('blockstill-system');
    expect(only<Pod>(objects, 'Pod').spec.containers[0]?.command).toContain(place);
  });

  test('runs on the nodes and the storage that it is told to', async () => {
    const place = {
      nodeSelector: { pool: 'cpu' },
      tolerations: [{ key: 'pool', operator: 'Exists' }],
    };
    const storage = { className: 'fast', size: '1Gi' };
    const objects = await testObjects({ test: { ...place, storage } });
    expect(only<Pod>(objects, 'Pod').spec).toMatchObject(place);
    expect(only(objects, 'DistillationJob')).toMatchObject({ spec: { pod: place } });
    expect(only(objects, 'PersistentVolumeClaim')).toMatchObject({
      spec: { storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
    });
    expect(only(await testObjects(), 'PersistentVolumeClaim')).not.toHaveProperty('spec.storageClassName');
  });
});
