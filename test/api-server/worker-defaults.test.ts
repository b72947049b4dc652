import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { CompiledSpec } from '../../crds/compiled-job.ts';
import { manifestWith } from '../../crds/test-manifests.ts';
import { podEnvironment } from '../../worker/contract/pod.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { startOperator, type OperatorProcess } from '../operator/start-operator.ts';
import { isRefusal, useApiServer } from './use-api-server.ts';

const program = fileURLToPath(new URL('../../operator/main.ts', import.meta.url));

const onMinio = [
  '--worker-gpu-resource=nvidia.com/mig-1g.10gb',
  '--worker-toleration=dedicated=gpu:NoSchedule,spot',
  '--worker-node-selector=pool=gpu',
  '--worker-storage-uri=s3://exchange/jobs',
  '--worker-storage-s3-endpoint=https://minio:9000',
  '--worker-storage-s3-force-path-style',
  '--worker-storage-s3-credentials-secret=minio',
];

const onClaim = ['--worker-storage-uri=file:///exchange', '--worker-storage-claim=exchange'];

interface Rendered {
  readonly spec: { readonly template: { readonly spec: Pod } };
}

interface Pod {
  readonly containers: readonly [
    {
      readonly env: readonly { readonly name: string; readonly value?: string }[];
      readonly volumeMounts: readonly object[];
    },
  ];
  readonly volumes: readonly object[];
}

interface Revision {
  readonly revision: number;
  readonly data: { readonly accepted: { readonly compiled: { readonly spec: CompiledSpec } } };
}

describe.skipIf(cannotRun('The API-server suite', await whyNoTestServer()))(
  'on a real API server a job',
  () => {
    const server = useApiServer();

    async function start(...args: readonly string[]): Promise<OperatorProcess> {
      const { kubeconfig, namespace } = server();
      const place = ['--kubeconfig', kubeconfig, '--namespace', namespace, '--no-leader-election'];
      return await startOperator({
        program,
        args: [...place, '--worker-image=registry.example/worker:1', ...args],
        environment: { BLOCKSTILL_LISTEN: 'off' },
      });
    }

    /** As users write it, with its output on S3. */
    async function create(name: string, values: Readonly<Record<string, unknown>> = {}): Promise<void> {
      const manifest = { 'metadata.name': name, 'spec.output.uri': 's3://models/student', ...values };
      const answer = await server().create(manifestWith(manifest));
      if (isRefusal(answer)) throw new Error(JSON.stringify(answer));
    }

    /** The pod template of a job's first unit, with the storage that its worker is told. */
    async function prepareOf(name: string) {
      const { spec } = await waitFor(`the Job of ${name}`, async () => {
        const found = await server()
          .kubectl(['get', 'jobs', `${name}-p000-1`, '-o', 'json'])
          .catch(() => '');
        return found === '' ? undefined : (JSON.parse(found) as Rendered);
      });
      const pod = spec.template.spec;
      const { env } = pod.containers[0];
      const unitSpec = env.find((variable) => variable.name === podEnvironment.unitSpec)?.value ?? '{}';
      const told = JSON.parse(unitSpec) as { readonly spec: { readonly storage: object } };
      return { pod, env, storage: told.spec.storage };
    }

    /** The compiled specs of a job, as the operator has written them down, the first one first. */
    async function acceptedOf(name: string): Promise<readonly CompiledSpec[]> {
      const selected = ['get', 'controllerrevisions', '-l', `blockstill.dev/job-name=${name}`, '-o', 'json'];
      const { items } = JSON.parse(await server().kubectl(selected)) as { items: readonly Revision[] };
      return items.toSorted((a, b) => a.revision - b.revision).map(({ data }) => data.accepted.compiled.spec);
    }

    test('has what the operator gives it, or what it says itself', async () => {
      await create('plain');
      await create('own', {
        'spec.resources.gpu.resourceName': 'nvidia.com/gpu',
        'spec.storage.s3.region': 'us-east-1',
        'spec.pod.tolerations': [{ key: 'dedicated', operator: 'Exists' }],
        'spec.pod.nodeSelector': { pool: 'mine' },
      });
      await using _operator = await start(...onMinio);

      const plain = await prepareOf('plain');
      expect(plain.pod).toMatchObject({
        nodeSelector: { pool: 'gpu' },
        tolerations: [
          { key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' },
          { key: 'spot', operator: 'Exists' },
          { key: 'nvidia.com/mig-1g.10gb', operator: 'Exists' },
          { key: 'nvidia.com/gpu', operator: 'Exists' },
        ],
        containers: [{ resources: { limits: { 'nvidia.com/mig-1g.10gb': '1' } } }],
      });
      expect(plain.env).toContainEqual({
        name: 'AWS_ACCESS_KEY_ID',
        valueFrom: { secretKeyRef: { name: 'minio', key: 'AWS_ACCESS_KEY_ID' } },
      });
      expect(plain.storage).toEqual({
        uri: 's3://exchange/jobs',
        s3: {
          endpoint: 'https://minio:9000',
          region: 'us-east-1',
          forcePathStyle: true,
          credentialsSecretName: 'minio',
        },
        retain: 'OnFailure',
      });

      const own = await prepareOf('own');
      expect(own.pod).toMatchObject({
        nodeSelector: { pool: 'mine' },
        tolerations: [
          { key: 'dedicated', operator: 'Exists' },
          { key: 'spot', operator: 'Exists' },
          { key: 'nvidia.com/gpu', operator: 'Exists' },
        ],
        containers: [{ resources: { limits: { 'nvidia.com/gpu': '1' } } }],
      });
      expect(own.env.filter(({ name }) => name.startsWith('AWS_'))).toEqual([]);
      expect(own.storage).toEqual({
        uri: 's3://models/student/.exchange',
        s3: { region: 'us-east-1', forcePathStyle: false },
        retain: 'OnFailure',
      });
    });

    test('that was accepted stays as it is where another operator gives a claim to later ones', async () => {
      const claim = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'exchange' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      };
      await server().kubectl(['create', '-f', '-'], JSON.stringify(claim));
      const before = await prepareOf('plain');
      await create('later');
      await using _operator = await start(...onClaim);

      const { pod, storage } = await prepareOf('later');
      expect(storage).toMatchObject({ uri: 'file:///exchange' });
      expect(pod.volumes).toContainEqual({
        name: 'blockstill-storage',
        persistentVolumeClaim: { claimName: 'exchange' },
      });
      expect(pod.containers[0].volumeMounts).toContainEqual({
        name: 'blockstill-storage',
        mountPath: '/exchange',
      });
      const single = ['get', 'distill', 'later', '-o'];
      const reason = 'jsonpath={.status.conditions[?(@.type=="SingleNode")].reason}';
      expect(await server().kubectl([...single, reason])).toBe('ReadWriteOnce');

      await server().patch('plain', { spec: { resources: { memory: '8Gi' } } });
      const edited = await waitFor('the edit to be accepted', async () => (await acceptedOf('plain'))[1]);
      const [first] = await acceptedOf('plain');
      const stage = { ...first?.resources.distill, memory: '8Gi' };
      const resources = { prepare: stage, distill: stage, finetune: stage };
      expect(edited).toEqual({ ...first, resources });
      expect(stage.gpu).toEqual({ resourceName: 'nvidia.com/mig-1g.10gb', count: 1 });
      expect(await prepareOf('plain')).toEqual(before);
    });
  },
);
