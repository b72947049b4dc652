import type { CompiledSpec, StageResources } from '../../crds/compiled-job.ts';
import { workerEnvironment } from '../../worker/contract/environment.ts';
import { podEnvironment, progressPort, terminationLog } from '../../worker/contract/pod.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { AcceptedJob } from './accept-job.ts';
import { labels, stageLabels, workerContainer } from './names.ts';

export interface PodToRender {
  readonly accepted: AcceptedJob;
  readonly stage: Stage;
  /** The unit spec as JSON, without the attempt's id. */
  readonly unitSpec: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** UID of the DistillationJob, whose pods all have to be on one node at a time. */
  readonly onOneNodeWith?: string | undefined;
}

type Environment = readonly { readonly name: string; readonly [member: string]: unknown }[];

/** The user of the images. */
const imageUser = 65532;

/**
 * The pod template of a unit, for a namespace that enforces the `restricted` Pod Security level: without credentials for
 * the API, with a root file system that can't be written to.
 */
export function renderPod(pod: PodToRender): object {
  const { accepted, stage } = pod;
  const { spec } = accepted.compiled;
  const resources = resourcesOf(spec, stage);
  const given = spec.pod;
  return {
    metadata: {
      labels: { ...given.labels, ...pod.labels },
      annotations: { ...scrapeAnnotations, ...given.annotations, ...pod.annotations },
    },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: given.terminationGracePeriodSeconds,
      serviceAccountName: given.serviceAccountName,
      imagePullSecrets: imagePullSecrets(accepted),
      nodeSelector: given.nodeSelector,
      tolerations: [...(given.tolerations ?? []), ...deviceTolerations(resources)],
      affinity: affinityOf(pod),
      topologySpreadConstraints: given.topologySpreadConstraints,
      schedulerName: given.schedulerName,
      priorityClassName: given.priorityClassName,
      runtimeClassName: accepted.runtimeClassName,
      resourceClaims: given.resourceClaims,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: given.securityContext?.runAsUser ?? imageUser,
        runAsGroup: given.securityContext?.runAsGroup ?? imageUser,
        fsGroup: given.securityContext?.fsGroup,
        // A large volume would otherwise be walked through before each pod.
        fsGroupChangePolicy: 'OnRootMismatch',
        supplementalGroups: given.securityContext?.supplementalGroups,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumes: [
        ...(given.volumes ?? []),
        { name: ownVolumes.scratch.name, emptyDir: {} },
        { name: ownVolumes.temporary.name, emptyDir: {} },
        {
          name: ownVolumes.sharedMemory.name,
          emptyDir: { medium: 'Memory', sizeLimit: resources.sharedMemory },
        },
      ],
      containers: [
        {
          name: workerContainer,
          image: accepted.image,
          imagePullPolicy: accepted.imagePullPolicy,
          args: [stageLabels[stage]],
          env: environmentOf(pod, resources),
          envFrom: given.envFrom,
          resources: containerResources(resources, given.resourceClaims),
          ports: [{ name: 'progress', containerPort: progressPort }],
          volumeMounts: [...(given.volumeMounts ?? []), ...Object.values(ownVolumes)],
          terminationMessagePath: terminationLog,
          terminationMessagePolicy: 'FallbackToLogsOnError',
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  };
}

/** For a Prometheus that goes by annotations: a convention, not an API. A job may say otherwise. */
const scrapeAnnotations = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': String(progressPort) };

const ownVolumes = {
  scratch: { name: 'blockstill-scratch', mountPath: '/scratch' },
  temporary: { name: 'blockstill-tmp', mountPath: '/tmp' },
  sharedMemory: { name: 'blockstill-shm', mountPath: '/dev/shm' },
} as const;

/** Folders of the container that are the operator's. */
export const ownFolders: readonly string[] = Object.values(ownVolumes).map(({ mountPath }) => mountPath);

export function resourcesOf({ resources }: Pick<CompiledSpec, 'resources'>, stage: Stage): StageResources {
  switch (stage) {
    case 'Prepare':
      return resources.prepare;
    case 'Baseline':
    case 'Distill':
      return resources.distill;
    case 'Finetune':
      return resources.finetune;
  }
}

function imagePullSecrets({ compiled, imagePullSecrets: defaults }: AcceptedJob): readonly object[] {
  const given = compiled.spec.pod.imagePullSecrets ?? [];
  const names = new Set([...given.map(({ name }) => name), ...defaults]);
  return [...names].map((name) => ({ name }));
}

/**
 * Nodes with devices are commonly tainted with the name of the resource, so that only pods that use it go there; but those
 * whose GPUs NVIDIA's device plugin gives out in parts, as `nvidia.com/mig-1g.10gb` or `nvidia.com/gpu.shared`, with the
 * name of the whole.
 */
function deviceTolerations({ gpu }: StageResources): readonly object[] {
  if (gpu.count === 0) return [];
  const whole = gpu.resourceName.startsWith('nvidia.com/') ? ['nvidia.com/gpu'] : [];
  return [...new Set([gpu.resourceName, ...whole])].map((key) => ({ key, operator: 'Exists' }));
}

function affinityOf({ accepted, onOneNodeWith }: PodToRender): unknown {
  const { affinity } = accepted.compiled.spec.pod;
  if (onOneNodeWith === undefined) return affinity;
  const term = {
    labelSelector: { matchLabels: { [labels.jobUid]: onOneNodeWith } },
    topologyKey: 'kubernetes.io/hostname',
  };
  const required = affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return {
    ...affinity,
    podAffinity: {
      ...affinity?.podAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: [...required, term],
    },
  };
}

function environmentOf({ accepted, unitSpec }: PodToRender, resources: StageResources): Environment {
  const { spec } = accepted.compiled;
  const own: Environment = [
    ...Object.entries(workerEnvironment({ precision: spec.execution.precision })).map(([name, value]) => ({
      name,
      value,
    })),
    ...deviceEnvironment(resources),
    { name: 'HOME', value: ownVolumes.temporary.mountPath },
    { name: podEnvironment.podUid, valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
    { name: podEnvironment.scratch, value: ownVolumes.scratch.mountPath },
    // Kubernetes replaces $(NAME) in it, and makes one $ of two.
    { name: podEnvironment.unitSpec, value: unitSpec.replaceAll('$', '$$$$') },
    ...credentialsOf(spec),
  ];
  const names = new Set(own.map(({ name }) => name));
  const given = (spec.pod.env ?? []).filter(({ name }) => !names.has(name));
  return [...given, ...own];
}

function deviceEnvironment({ device, gpu }: StageResources): Environment {
  // Without a device of its own, a container of a CUDA image would see all of the node's.
  if (gpu.count === 0) return [{ name: 'NVIDIA_VISIBLE_DEVICES', value: 'void' }];
  const hidden = device === 'CPU' ? [{ name: 'CUDA_VISIBLE_DEVICES', value: '-1' }] : [];
  return [{ name: 'NVIDIA_DRIVER_CAPABILITIES', value: 'compute,utility' }, ...hidden];
}

function credentialsOf({ storage }: CompiledSpec): Environment {
  const { credentialsSecretName: name } = storage.s3;
  if (name === undefined) return [];
  return ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'].map((key) => ({
    name: key,
    valueFrom: { secretKeyRef: { name, key, ...(key === 'AWS_SESSION_TOKEN' ? { optional: true } : {}) } },
  }));
}

function containerResources(
  { gpu, cpu, memory }: StageResources,
  claims: CompiledSpec['pod']['resourceClaims'],
): object {
  const amounts = {
    ...(gpu.count === 0 ? {} : { [gpu.resourceName]: String(gpu.count) }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
  };
  return {
    limits: amounts,
    requests: amounts,
    ...(claims === undefined ? {} : { claims: claims.map(({ name }) => ({ name })) }),
  };
}
