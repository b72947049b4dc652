import { apiVersion, kind, type DistillationJob } from '../../crds/distillation-job.ts';

/** The claim that the jobs of {@link distillationJob} keep their exchange on. */
const claim = 'exchange';

export interface ManifestOptions {
  readonly namespace: string;
  readonly name: string;
  readonly maxParallel?: number;
  readonly onUnitFailure?: 'Fail' | 'KeepTeacher';
  readonly backoffLimit?: number;
}

/** A job as a user would write it; its files are never read where pods are pretended. */
export function distillationJob(
  options: ManifestOptions,
): DistillationJob & { metadata: { namespace: string } } {
  const { namespace, name, maxParallel = 3, onUnitFailure = 'KeepTeacher', backoffLimit = 6 } = options;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace },
    spec: {
      teacher: { uri: 'file:///exchange/teacher/model.json' },
      dataset: { format: 'CIFAR10', train: { uri: 'file:///exchange/cifar-10' } },
      distill: { epochs: 1, onUnitFailure },
      output: { uri: `file:///exchange/students/${name}` },
      storage: { uri: 'file:///exchange/work' },
      execution: { maxParallel },
      resources: { gpu: { count: 1 } },
      pod: {
        volumes: [{ name: claim, persistentVolumeClaim: { claimName: claim } }],
        volumeMounts: [{ name: claim, mountPath: '/exchange' }],
      },
      backoffLimit,
    },
  };
}

/** The claim, and a volume that it is bound to. */
export function exchangeClaim(namespace: string): readonly object[] {
  const size = { storage: '1Gi' };
  const accessModes = ['ReadWriteMany'];
  const volumeName = `${namespace}-exchange`;
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volumeName },
      spec: { accessModes, capacity: size, hostPath: { path: '/nowhere' }, storageClassName: '' },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: claim, namespace },
      spec: { accessModes, volumeName, storageClassName: '', resources: { requests: size } },
    },
  ];
}
