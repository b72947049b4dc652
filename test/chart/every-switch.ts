/** Values of the chart, one or a few switches at a time, and all of them: what the objects of each have to stand. */
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** Everything that adds an object or a field, as far as it goes together. */
export const everySwitch = {
  commonLabels: { team: 'vision' },
  image: { digest },
  imagePullSecrets: [{ name: 'registry' }],
  worker: {
    image: { repository: 'registry.example/worker', digest },
    imagePullPolicy: 'Always',
    imagePullSecrets: ['registry'],
    runtimeClassName: 'nvidia',
    gpuResourceName: 'nvidia.com/mig-1g.10gb',
    nodeSelector: { pool: 'gpu' },
    tolerations: [{ key: 'spot', operator: 'Exists', effect: 'NoSchedule' }],
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
  allowHostVolumes: true,
  dcgmExporterUrl: 'http://{node-ip}:9400/metrics',
  replicas: 3,
  podDisruptionBudget: { maxUnavailable: '50%' },
  deploymentAnnotations: { a: 'b' },
  podAnnotations: { a: 'b' },
  podLabels: { a: 'b' },
  extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
  extraEnvFrom: [{ secretRef: { name: 'proxy' } }],
  extraVolumes: [{ name: 'certificates', configMap: { name: 'certificates' } }],
  extraVolumeMounts: [{ name: 'certificates', mountPath: '/certificates', readOnly: true }],
  priorityClassName: 'system-cluster-critical',
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'infra', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'blockstill-operator' } },
          },
        },
      ],
    },
  },
  topologySpreadConstraints: [
    {
      maxSkew: 2,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { 'app.kubernetes.io/name': 'blockstill-operator' } },
    },
  ],
  serviceAccount: { annotations: { a: 'b' } },
  service: { annotations: { a: 'b' } },
  metrics: {
    serviceMonitor: { enabled: true },
    workerMonitor: { enabled: true },
    monitorLabels: { release: 'prometheus' },
    rule: { enabled: true, labels: { release: 'prometheus' } },
    dashboard: { enabled: true, annotations: { folder: 'ml' } },
  },
  networkPolicy: {
    enabled: true,
    metricsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
    apiServerTo: [{ ipBlock: { cidr: '10.0.0.1/32' } }],
    extraEgress: [{ ports: [{ port: 4318 }] }],
  },
  test: {
    namespace: 'lab',
    image: { repository: 'registry.example/worker-cpu', digest },
    timeoutSeconds: 900,
    resources: { cpu: '1', memory: '2Gi' },
    nodeSelector: { pool: 'cpu' },
    tolerations: [{ key: 'pool', operator: 'Exists' }],
    storage: { className: 'fast', size: '1Gi' },
  },
} as const;

/** By what is switched. */
export const switches: Readonly<Record<string, object>> = {
  nothing: {},
  everything: everySwitch,
  'some namespaces': { watchNamespaces: ['red', 'blue'] },
  'no definition': { crds: { enabled: false } },
  'a definition that goes': { crds: { keep: false } },
  'no roles': { rbac: { create: false, aggregate: false } },
  'no roles for nodes': { rbac: { nodes: false } },
  'no Service': { service: { enabled: false } },
  'a service account from elsewhere': { serviceAccount: { create: false, name: 'given' } },
  'one replica without a Lease': { replicas: 1, leaderElection: { enabled: false } },
  'a Lease elsewhere': { leaderElection: { namespace: 'leases', leaseName: 'mine' } },
  'no disruption budget': { podDisruptionBudget: { enabled: false } },
  'no image of workers': { worker: { image: { repository: '' } } },
  'no annotations for Prometheus': { metrics: { annotations: false } },
  'a PodMonitor': { metrics: { podMonitor: { enabled: true } } },
  'a network policy': { networkPolicy: { enabled: true } },
  'its own names': { nameOverride: 'distiller', fullnameOverride: 'other' },
  'tags of images': { image: { tag: '1.2.3' }, worker: { image: { tag: '1.2.3' } } },
  'a claim for what jobs exchange': {
    worker: { storage: { uri: 'file:///exchange', claimName: 'exchange' } },
  },
  'an image of the test by tag': { test: { image: { repository: 'registry.example/worker', tag: '1.2.3' } } },
  'no test': { test: { enabled: false } },
  'no progress, and a log for people': { progress: false, log: { level: 'debug', format: 'text' } },
};
