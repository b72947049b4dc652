import { pathToFileURL } from 'node:url';
import { workerEnvironment } from '../../worker/contract/environment.ts';
import { podEnvironment } from '../../worker/contract/pod.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { UnitSpec } from '../../worker/contract/unit-spec.ts';

export interface WorkerPod {
  readonly name: string;
  readonly image: string;
  readonly stage: Stage;
  readonly spec: UnitSpec;
  readonly volume: SharedVolume;
}

/** A folder of this machine that pods have at the same path. */
export interface SharedVolume {
  readonly claim: string;
  readonly folder: string;
}

const user = 65532;
const scratch = '/scratch';

/** What a worker runs in, as the restricted Pod Security level wants it. */
export function workerPodSpec({ image, stage, spec, volume }: WorkerPod) {
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 120,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'worker',
        image,
        imagePullPolicy: 'Never',
        args: [stage.toLowerCase()],
        env: [
          { name: podEnvironment.unitSpec, value: JSON.stringify(asTold(spec)) },
          { name: podEnvironment.podUid, valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } },
          { name: podEnvironment.scratch, value: scratch },
          { name: 'HOME', value: '/tmp' },
          ...Object.entries(workerEnvironment({ precision: 'Float32' })).map(([name, value]) => ({
            name,
            value,
          })),
        ],
        resources: { limits: { 'nvidia.com/gpu': 1 } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [
          { name: 'exchange', mountPath: volume.folder },
          { name: 'temporary', mountPath: '/tmp', subPath: 'tmp' },
          { name: 'temporary', mountPath: scratch, subPath: 'scratch' },
          { name: 'shared-memory', mountPath: '/dev/shm' },
        ],
      },
    ],
    volumes: [
      { name: 'exchange', persistentVolumeClaim: { claimName: volume.claim } },
      { name: 'temporary', emptyDir: {} },
      { name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: '256Mi' } },
    ],
  };
}

/** The pod alone, without a Job to replace it; with a finalizer it stays when it is deleted, to be looked at. */
export function workerPod(pod: WorkerPod, finalizers: readonly string[] = []) {
  const metadata = { name: pod.name, finalizers };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: workerPodSpec(pod) };
}

export function workerJob(pod: WorkerPod): object {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: pod.name },
    spec: {
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [
          { action: 'FailJob', onExitCodes: { operator: 'In', values: [64] } },
          { action: 'Ignore', onExitCodes: { operator: 'In', values: [75] } },
        ],
      },
      template: { spec: workerPodSpec(pod) },
    },
  };
}

/** A volume and its claim in a namespace. The folder must be one that the worker's user may write to. */
export function sharedVolume(
  { claim, folder }: SharedVolume,
  namespace: string,
): { persistentVolume: object; claim: object } {
  const capacity = { storage: '1Gi' };
  const common = { accessModes: ['ReadWriteMany'], storageClassName: '' };
  return {
    persistentVolume: {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: claim },
      spec: {
        ...common,
        capacity,
        hostPath: { path: folder, type: 'Directory' },
        persistentVolumeReclaimPolicy: 'Retain',
      },
    },
    claim: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: claim, namespace },
      spec: { ...common, volumeName: claim, resources: { requests: capacity } },
    },
  };
}

/** As the operator tells it: the attempt's id is the pod's own, and the exchange is named by a URI. */
function asTold({ attempt, exchange, ...spec }: UnitSpec): object {
  return { ...spec, attempt: { number: attempt.number }, exchange: pathToFileURL(exchange).href };
}
