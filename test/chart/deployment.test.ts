import { describe, expect, test } from 'vitest';
import packageFile from '../../package.json' with { type: 'json' };
import { cannotRun } from '../cluster/cannot-run.ts';
import { deploymentOf } from './deployment-of.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';
import { only, render } from '../../scripts/helm/run-helm.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

const podOf = async (values: object = {}) => deploymentOf(await render(values)).pod;
const containerOf = async (values: object = {}) => deploymentOf(await render(values)).container;

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))('the operator of the chart', () => {
  test('is two pods with as few rights and as much memory as one needs, that tell how they are', async () => {
    const { deployment, pod, container } = deploymentOf(await render());
    expect(deployment.spec.replicas).toBe(2);
    expect(deployment.spec.template.metadata.annotations).toEqual({
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '8080',
    });
    expect(pod['securityContext']).toEqual({
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      resources: { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '512Mi' } },
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
    });
    expect(container.env).toEqual([
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'NODE_OPTIONS', value: '--max-semi-space-size=4 --max-old-space-size=256' },
      { name: 'MALLOC_ARENA_MAX', value: '1' },
    ]);
  });

  test('is selected by what no upgrade changes, and its pods have all of that', async () => {
    const { spec } = deploymentOf(
      await render({ commonLabels: { a: 'b' }, podLabels: { c: 'd' } }),
    ).deployment;
    expect(spec.selector.matchLabels).toEqual({
      'app.kubernetes.io/name': 'blockstill-operator',
      'app.kubernetes.io/instance': 'blockstill',
    });
    expect(spec.template.metadata.labels).toMatchObject({ ...spec.selector.matchLabels, a: 'b', c: 'd' });
  });

  test('has the image of its version, of a tag, or of a digest that no tag can change', async () => {
    const imageOf = async (image: object) => (await containerOf({ image })).image;
    // Nobody can publish under localhost/.
    expect(await imageOf({})).toBe(`localhost/blockstill-operator:${packageFile.version}`);
    expect(await imageOf({ repository: 'r.example:5000/op', tag: '1.2.3' })).toBe('r.example:5000/op:1.2.3');
    expect(await imageOf({ repository: 'r.example:5000/op', digest })).toBe(`r.example:5000/op@${digest}`);
    expect(await containerOf({ image: { pullPolicy: 'Always' } })).toMatchObject({
      imagePullPolicy: 'Always',
    });
  });

  test('gets what is given for its pods', async () => {
    const given = {
      imagePullSecrets: [{ name: 'registry' }],
      priorityClassName: 'system-cluster-critical',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      tolerations: [{ key: 'infra', operator: 'Exists', effect: 'NoSchedule' }],
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
      topologySpreadConstraints: [
        { maxSkew: 2, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' },
      ],
      terminationGracePeriodSeconds: 60,
    };
    const volumes = [{ name: 'certificates', configMap: { name: 'certificates' } }];
    const pod = await podOf({ ...given, extraVolumes: volumes });
    expect(pod).toMatchObject({ ...given, volumes });
  });

  test('gets what is given for its container', async () => {
    const container = await containerOf({
      extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
      extraEnvFrom: [{ secretRef: { name: 'proxy' } }],
      extraVolumeMounts: [{ name: 'certificates', mountPath: '/certificates', readOnly: true }],
      nodeOptions: '--max-old-space-size=1024',
      resources: { limits: { memory: '2Gi' } },
      livenessProbe: { failureThreshold: 7 },
      readinessProbe: { periodSeconds: 3 },
      port: 9090,
    });
    expect(container).toMatchObject({
      envFrom: [{ secretRef: { name: 'proxy' } }],
      volumeMounts: [{ name: 'certificates', mountPath: '/certificates', readOnly: true }],
      resources: { requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '2Gi' } },
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, failureThreshold: 7, periodSeconds: 10 },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, failureThreshold: 3, periodSeconds: 3 },
      ports: [{ name: 'http', containerPort: 9090 }],
    });
    expect(container.env).toContainEqual({ name: 'HTTPS_PROXY', value: 'http://proxy:3128' });
    expect(container.env).toContainEqual({ name: 'NODE_OPTIONS', value: '--max-old-space-size=1024' });
  });

  test('has annotations where they are asked for', async () => {
    const annotationsOf = async (values: object) => {
      const { deployment } = deploymentOf(await render(values));
      return [deployment.metadata.annotations, deployment.spec.template.metadata.annotations];
    };
    expect(
      await annotationsOf({ deploymentAnnotations: { a: 'b' }, podAnnotations: { c: 'd' }, port: 9090 }),
    ).toEqual([{ a: 'b' }, { c: 'd', 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9090' }]);
    expect(await annotationsOf({ metrics: { annotations: false } })).toEqual([undefined, undefined]);
  });

  test('is spread over nodes as far as that is possible', async () => {
    const { deployment, pod } = deploymentOf(await render());
    expect(pod['topologySpreadConstraints']).toEqual([
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: deployment.spec.selector.matchLabels },
      },
    ]);
  });

  test('is ended before it is replaced where there is no Lease', async () => {
    const strategyOf = async (values: object) => deploymentOf(await render(values)).deployment.spec.strategy;
    expect(await strategyOf({ leaderElection: { enabled: false }, replicas: 1 })).toEqual({
      type: 'Recreate',
    });
    expect(await strategyOf({})).toBeUndefined();
  });

  test('has a disruption budget only where another one can take over', async () => {
    const budgets = async (values: object) =>
      (await render(values)).filter(({ kind }) => kind === 'PodDisruptionBudget');
    expect(await budgets({ replicas: 1 })).toEqual([]);
    expect(await budgets({ replicas: 3, podDisruptionBudget: { enabled: false } })).toEqual([]);
    const { deployment } = deploymentOf(await render());
    const three = await budgets({ replicas: 3, podDisruptionBudget: { maxUnavailable: '50%' } });
    expect(three).toMatchObject([
      { spec: { maxUnavailable: '50%', selector: { matchLabels: deployment.spec.selector.matchLabels } } },
    ]);
  });

  test('has a Service that leads to its port', async () => {
    const objects = await render({ service: { port: 80, annotations: { a: 'b' } } });
    const { deployment, container } = deploymentOf(objects);
    expect(only(objects, 'Service')).toMatchObject({
      metadata: { annotations: { a: 'b' } },
      spec: {
        selector: deployment.spec.selector.matchLabels,
        ports: [{ name: 'http', port: 80, targetPort: container.ports[0]?.name }],
      },
    });
    expect((await render({ service: { enabled: false } })).filter(({ kind }) => kind === 'Service')).toEqual(
      [],
    );
  });
});
