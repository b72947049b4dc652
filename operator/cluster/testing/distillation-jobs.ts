/** DistillationJobs as the API gives them, for table tests. */
import type { DistillationJobStatus } from '../../../crds/status.ts';
import type { ObjectMeta } from '../../kube/resource.ts';
import { acceptJob, type AcceptedJob } from '../accept-job.ts';
import type { DistillationJobObject } from '../kube-objects.ts';
import { noSpecDefaults, type OperatorDefaults } from '../operator-defaults.ts';
import { owner, time } from './children.ts';

export const defaults: OperatorDefaults = {
  workerImage: 'registry.example/worker:1',
  imagePullSecrets: [],
  specDefaults: noSpecDefaults,
  allowHostVolumes: false,
};

/** The least that a job in a cluster must say: everything is on one claim. */
const leastSpec = {
  teacher: { uri: 'file:///data/teacher' },
  dataset: { format: 'IDX', train: { uri: 'file:///data/images', labelsUri: 'file:///data/labels' } },
  output: { uri: 'file:///data/student' },
  pod: {
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  },
};

export interface ObjectChange {
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Members of `spec.pod` in place of, or beside, the volume. */
  readonly pod?: Readonly<Record<string, unknown>>;
  readonly metadata?: Partial<ObjectMeta>;
  readonly status?: DistillationJobStatus;
}

export function aDistillationJob({ spec, pod, metadata, status }: ObjectChange = {}): DistillationJobObject {
  return {
    metadata: {
      ...owner,
      resourceVersion: '10',
      generation: 1,
      creationTimestamp: time(0),
      ...metadata,
    },
    spec: { ...leastSpec, ...spec, pod: { ...leastSpec.pod, ...pod } },
    ...(status === undefined ? {} : { status }),
  };
}

export function accepted(change: ObjectChange = {}, given: OperatorDefaults = defaults): AcceptedJob {
  const acceptance = acceptJob(aDistillationJob(change), given);
  if (acceptance.kind === 'Invalid') throw new Error(acceptance.why.message);
  return acceptance.job;
}
