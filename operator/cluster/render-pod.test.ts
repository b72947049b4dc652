import { describe, expect, it } from 'vitest';
import type { Stage } from '../../worker/contract/primitives.ts';
import { renderPod, type PodToRender } from './render-pod.ts';
import { accepted, defaults, type ObjectChange } from './testing/distillation-jobs.ts';
import { restrictedProblems } from './testing/restricted.ts';

interface Template {
  readonly metadata: object;
  readonly spec: {
    readonly affinity?: object;
    readonly tolerations: readonly object[];
    readonly containers: readonly [
      {
        readonly env: readonly { readonly name: string; readonly value?: string }[];
        readonly resources: object;
      },
    ];
  };
}

function render(job: ObjectChange = {}, change: Partial<PodToRender> & { stage?: Stage } = {}): Template {
  const pod = {
    accepted: accepted(job),
    stage: 'Distill',
    unitSpec: '{}',
    labels: {},
    annotations: {},
  } as const;
  return renderPod({ ...pod, ...change }) as Template;
}

/** As it goes over the wire: what is undefined is absent. */
const asJson = (value: object): unknown => JSON.parse(JSON.stringify(value));

function environmentOf(template: Template): Record<string, string | undefined> {
  return Object.fromEntries(template.spec.containers[0].env.map(({ name, value }) => [name, value]));
}

/** As kubelet does it: `$$` is a dollar, `$(NAME)` the variable if there is one. */
function expanded(text: string, variables: Readonly<Record<string, string>> = {}): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) =>
    found === '$$' ? '$' : (variables[name ?? ''] ?? found),
  );
}

const common = {
  restartPolicy: 'Never',
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  terminationGracePeriodSeconds: 120,
  imagePullSecrets: [],
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  },
  volumes: [
    { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
    { name: 'blockstill-scratch', emptyDir: {} },
    { name: 'blockstill-tmp', emptyDir: {} },
    { name: 'blockstill-shm', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } },
  ],
};

const container = {
  name: 'worker',
  image: 'registry.example/worker:1',
  ports: [{ name: 'progress', containerPort: 8472 }],
  volumeMounts: [
    { name: 'data', mountPath: '/data' },
    { name: 'blockstill-scratch', mountPath: '/scratch' },
    { name: 'blockstill-tmp', mountPath: '/tmp' },
    { name: 'blockstill-shm', mountPath: '/dev/shm' },
  ],
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'FallbackToLogsOnError',
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
};

const memorySettings = [
  { name: 'MALLOC_MMAP_THRESHOLD_', value: '4294967296' },
  { name: 'MALLOC_TRIM_THRESHOLD_', value: '8589934592' },
  { name: 'MALLOC_TOP_PAD_', value: '67108864' },
  { name: 'TF_CPP_MIN_LOG_LEVEL', value: '3' },
  { name: 'TF_ENABLE_ONEDNN_OPTS', value: '1' },
  { name: 'TF_FORCE_GPU_ALLOW_GROWTH', value: 'true' },
];

const ownSettings = [
  { name: 'HOME', value: '/tmp' },
  { name: 'BLOCKSTILL_POD_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
  { name: 'BLOCKSTILL_SCRATCH', value: '/scratch' },
  { name: 'BLOCKSTILL_UNIT_SPEC', value: '{}' },
];

const scraped = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8472' };

describe('a pod', () => {
  it('is not scraped by its annotations where the job says so', () => {
    const job = { pod: { annotations: { 'prometheus.io/scrape': 'false' } } };
    expect(asJson(render(job))).toMatchObject({
      metadata: { annotations: { 'prometheus.io/scrape': 'false' } },
    });
  });

  it('with a GPU has it for itself, and goes where GPUs are', () => {
    const job = { spec: { execution: { precision: 'TF32' }, resources: { cpu: '4', memory: '16Gi' } } };
    const given = { labels: { a: 'b' }, annotations: { c: 'd' } };
    expect(asJson(render(job, given))).toEqual({
      metadata: { labels: { a: 'b' }, annotations: { ...scraped, c: 'd' } },
      spec: {
        ...common,
        tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
        containers: [
          {
            ...container,
            args: ['distill'],
            env: [
              ...memorySettings,
              { name: 'NVIDIA_DRIVER_CAPABILITIES', value: 'compute,utility' },
              ...ownSettings,
            ],
            resources: {
              limits: { 'nvidia.com/gpu': '1', cpu: '4', memory: '16Gi' },
              requests: { 'nvidia.com/gpu': '1', cpu: '4', memory: '16Gi' },
            },
          },
        ],
      },
    });
  });

  it('without a GPU sees none, though its image could', () => {
    const job = { spec: { execution: { precision: 'Float32' }, resources: { gpu: { count: 0 } } } };
    expect(asJson(render(job, { stage: 'Prepare' }))).toEqual({
      metadata: { labels: {}, annotations: scraped },
      spec: {
        ...common,
        tolerations: [],
        containers: [
          {
            ...container,
            args: ['prepare'],
            env: [
              ...memorySettings,
              { name: 'NVIDIA_TF32_OVERRIDE', value: '0' },
              { name: 'NVIDIA_VISIBLE_DEVICES', value: 'void' },
              ...ownSettings,
            ],
            resources: { limits: {}, requests: {} },
          },
        ],
      },
    });
  });

  it('with a device that is pretended computes on the CPU', () => {
    const job = { spec: { execution: { device: 'CPU' } } };
    expect(environmentOf(render(job))).toMatchObject({ CUDA_VISIBLE_DEVICES: '-1' });
  });

  it('uses the devices that its stage asks for, by their name', () => {
    const resources = {
      gpu: { count: 1 },
      finetune: { gpu: { resourceName: 'nvidia.com/mig-1g.10gb', count: 2 }, memory: '64Gi' },
    };
    const { spec } = render({ spec: { resources } }, { stage: 'Finetune' });
    expect(spec.containers[0].resources).toMatchObject({
      limits: { 'nvidia.com/mig-1g.10gb': '2', memory: '64Gi' },
    });
  });

  it.each([
    { name: 'nvidia.com/gpu', taints: ['nvidia.com/gpu'] },
    // Nodes whose GPUs are given out in parts are tainted all the same.
    { name: 'nvidia.com/mig-1g.10gb', taints: ['nvidia.com/mig-1g.10gb', 'nvidia.com/gpu'] },
    { name: 'nvidia.com/gpu.shared', taints: ['nvidia.com/gpu.shared', 'nvidia.com/gpu'] },
    { name: 'amd.com/gpu', taints: ['amd.com/gpu'] },
  ])('with $name goes to nodes with the taints $taints', ({ name, taints }) => {
    const { spec } = render({ spec: { resources: { gpu: { resourceName: name } } } });
    expect(spec.tolerations).toEqual(taints.map((key) => ({ key, operator: 'Exists' })));
  });

  it.each([
    { of: 'by default', job: {} },
    {
      of: 'with everything that a user may set',
      job: {
        pod: {
          volumes: [
            { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
            { name: 'one', configMap: { name: 'one' } },
            { name: 'two', secret: { secretName: 'two' } },
            { name: 'three', csi: { driver: 'example' } },
          ],
          securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000, supplementalGroups: [3000] },
          serviceAccountName: 'trainer',
        },
      },
    },
  ])('passes the restricted level $of', ({ job }) => {
    expect(restrictedProblems(render(job))).toEqual([]);
  });

  it('would not pass the restricted level with a folder of its node', () => {
    const pod = { volumes: [{ name: 'data', hostPath: { path: '/srv' } }] };
    const job = accepted({ pod }, { ...defaults, allowHostVolumes: true });
    expect(restrictedProblems(render({}, { accepted: job }))).toEqual(['volume data: hostPath']);
  });

  it("has the user's secrets for its image once each, and the operator's", () => {
    const given = { ...defaults, imagePullSecrets: ['operator', 'both'] };
    const job = accepted({ pod: { imagePullSecrets: [{ name: 'user' }, { name: 'both' }] } }, given);
    expect(render({}, { accepted: job }).spec).toMatchObject({
      imagePullSecrets: [{ name: 'user' }, { name: 'both' }, { name: 'operator' }],
    });
  });
});

describe("a pod's environment", () => {
  it("has the user's variables, but for those that are the operator's", () => {
    const env = [
      { name: 'MINE', value: 'mine' },
      { name: 'BLOCKSTILL_UNIT_SPEC', value: 'forged' },
      { name: 'TF_CPP_MIN_LOG_LEVEL', value: '0' },
    ];
    const template = render({ pod: { env } });
    const names = template.spec.containers[0].env.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(environmentOf(template)).toMatchObject({
      MINE: 'mine',
      BLOCKSTILL_UNIT_SPEC: '{}',
      TF_CPP_MIN_LOG_LEVEL: '3',
    });
  });

  it("has the credentials of the storage's Secret, before the user's own", () => {
    const storage = { uri: 's3://exchange', s3: { credentialsSecretName: 'minio' } };
    const env = [{ name: 'AWS_ACCESS_KEY_ID', value: 'mine' }];
    const variables = render({ spec: { storage }, pod: { env } }).spec.containers[0].env;
    expect(variables.filter(({ name }) => name.startsWith('AWS_'))).toEqual([
      {
        name: 'AWS_ACCESS_KEY_ID',
        valueFrom: { secretKeyRef: { name: 'minio', key: 'AWS_ACCESS_KEY_ID' } },
      },
      {
        name: 'AWS_SECRET_ACCESS_KEY',
        valueFrom: { secretKeyRef: { name: 'minio', key: 'AWS_SECRET_ACCESS_KEY' } },
      },
      {
        name: 'AWS_SESSION_TOKEN',
        valueFrom: { secretKeyRef: { name: 'minio', key: 'AWS_SESSION_TOKEN', optional: true } },
      },
    ]);
  });

  it.each(['$(HOME)', '$$(HOME)', '$$$(HOME)', 'a$b', '$', '$$'])(
    'says %s to the worker as it was meant',
    (text) => {
      const unitSpec = JSON.stringify({ text });
      const value = environmentOf(render({}, { unitSpec })).BLOCKSTILL_UNIT_SPEC ?? '';
      expect(expanded(value, { HOME: '/tmp' })).toBe(unitSpec);
    },
  );
});

describe('pods that must be on one node', () => {
  const term = {
    labelSelector: { matchLabels: { 'blockstill.dev/job-uid': 'owner-uid' } },
    topologyKey: 'kubernetes.io/hostname',
  };

  it('say so', () => {
    expect(render({}, { onOneNodeWith: 'owner-uid' }).spec.affinity).toEqual({
      podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
    });
  });

  it('say so beside what the user asks for', () => {
    const near = { labelSelector: { matchLabels: { app: 'cache' } }, topologyKey: 'zone' };
    const preferred = [{ weight: 1, podAffinityTerm: near }];
    const affinity = {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [near],
        preferredDuringSchedulingIgnoredDuringExecution: preferred,
      },
      podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred },
    };
    expect(asJson(render({ pod: { affinity } }, { onOneNodeWith: 'owner-uid' }).spec.affinity ?? {})).toEqual(
      {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [near, term],
          preferredDuringSchedulingIgnoredDuringExecution: preferred,
        },
        podAntiAffinity: affinity.podAntiAffinity,
      },
    );
  });

  it('are not otherwise', () => {
    expect(render().spec.affinity).toBeUndefined();
  });
});
