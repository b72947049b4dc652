import { describe, expect, it } from 'vitest';
import { acceptJob, type Acceptance } from './accept-job.ts';
import { noSpecDefaults, type OperatorDefaults } from './operator-defaults.ts';
import { aDistillationJob, accepted, defaults, type ObjectChange } from './testing/distillation-jobs.ts';

function accept(change: ObjectChange = {}, given: OperatorDefaults = defaults): Acceptance {
  return acceptJob(aDistillationJob(change), given);
}

const volume = (source: object) => ({ volumes: [{ name: 'data', ...source }] });

describe('a job is accepted', () => {
  it("with the schema's defaults and what the operator gives", () => {
    const job = accepted({}, { ...defaults, imagePullSecrets: ['registry'], runtimeClassName: 'nvidia' });
    expect(job).toMatchObject({
      image: 'registry.example/worker:1',
      imagePullSecrets: ['registry'],
      runtimeClassName: 'nvidia',
      compiled: {
        name: 'mnist',
        namespace: 'team',
        spec: { backoffLimit: 3, storage: { uri: 'file:///data/student/.exchange' } },
      },
    });
  });

  it('with what it says itself, before what the operator gives', () => {
    const pod = { image: 'other:2', imagePullPolicy: 'Always', runtimeClassName: 'kata' };
    const given = { ...defaults, imagePullPolicy: 'Never', runtimeClassName: 'nvidia' } as const;
    expect(accepted({ pod }, given)).toMatchObject(pod);
  });

  it.each([
    {
      of: 'an output on S3, which needs no volume',
      change: { spec: { output: { uri: 's3://models/student' } }, pod: { volumes: [], volumeMounts: [] } },
    },
    {
      of: 'a teacher from a ConfigMap, which nobody writes to',
      change: {
        spec: { teacher: { uri: 'file:///teacher' } },
        pod: {
          volumes: [
            { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
            { name: 'teacher', configMap: { name: 'teacher' } },
          ],
          volumeMounts: [
            { name: 'data', mountPath: '/data' },
            { name: 'teacher', mountPath: '/teacher' },
          ],
        },
      },
    },
  ])('with $of', ({ change }) => {
    expect(accept(change).kind).toBe('Accepted');
  });

  it('with folders of nodes where the operator allows them', () => {
    const change = { pod: volume({ hostPath: { path: '/srv' } }) };
    expect(accept(change, { ...defaults, allowHostVolumes: true }).kind).toBe('Accepted');
  });
});

describe('a job is refused', () => {
  it.each([
    {
      of: 'a value that breaks the schema',
      change: { spec: { backoffLimit: -1 } },
      message: /spec\.backoffLimit/,
    },
    {
      of: 'a path that starts nowhere',
      change: { spec: { teacher: { uri: 'teacher' } } },
      message: /spec\.teacher\.uri/,
    },
    {
      of: 'a folder of the node',
      change: { pod: volume({ hostPath: { path: '/srv' } }) },
      message:
        'The volume data of spec.pod.volumes is of the kind hostPath, which pods of the restricted Pod Security level may not have. Use a persistentVolumeClaim, or start the operator with --allow-host-volumes.',
    },
    {
      of: 'an NFS share',
      change: { pod: volume({ nfs: { server: 'nfs', path: '/srv' } }) },
      message: /of the kind nfs, which pods of the restricted/,
    },
    {
      of: 'a mount of no volume',
      change: { pod: { volumeMounts: [{ name: 'other', mountPath: '/data' }] } },
      message: 'spec.pod.volumeMounts has /data for a volume other, which is not in spec.pod.volumes.',
    },
    {
      of: "a mount over the worker's own folder, however it is written",
      change: {
        pod: {
          volumeMounts: [
            { name: 'data', mountPath: '/data' },
            { name: 'data', mountPath: '/dev/../tmp/' },
          ],
        },
      },
      message: "spec.pod.volumeMounts has /dev/../tmp/, which is the worker's own: choose another path.",
    },
    {
      of: "a label of the operator's",
      change: { pod: { labels: { 'blockstill.dev/job-uid': 'mine' } } },
      message:
        "spec.pod.labels has blockstill.dev/job-uid, which is the operator's or the cluster's: choose another name.",
    },
    {
      of: 'a label by which the cluster knows pods of Jobs',
      change: { pod: { labels: { 'batch.kubernetes.io/job-name': 'mine' } } },
      message: /^spec\.pod\.labels has batch\.kubernetes\.io\/job-name/,
    },
    {
      of: 'an output whose path can not be read',
      change: { spec: { output: { uri: 'file:///data/a%2Fb' } } },
      message: 'spec.output.uri is file:///data/a%2Fb, which names no folder.',
    },
    {
      of: 'an output on no volume',
      change: { spec: { output: { uri: 'file:///database/student' } } },
      message:
        'spec.output.uri is file:///database/student, but no volume of spec.pod.volumeMounts is mounted there: give one that all pods of the job share, such as a persistentVolumeClaim.',
    },
    {
      of: 'an output that each pod has its own of',
      change: { pod: volume({ emptyDir: {} }) },
      message:
        'spec.output.uri is file:///data/student on the emptyDir data, which each pod has its own of: use a volume that all pods of the job share, such as a persistentVolumeClaim.',
    },
    {
      of: 'an exchange on no volume',
      change: { spec: { storage: { uri: 'file:///exchange' } } },
      message: /^spec\.storage\.uri is file:\/\/\/exchange, but no volume/,
    },
    {
      of: 'a claim that is read-only',
      change: { pod: volume({ persistentVolumeClaim: { claimName: 'data', readOnly: true } }) },
      message: 'spec.output.uri is file:///data/student on the volume data, which is read-only.',
    },
    {
      of: 'a mount that is read-only',
      change: { pod: { volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }] } },
      message: /which is read-only\.$/,
    },
    {
      of: 'an inline volume of a driver that is read-only',
      change: { pod: volume({ csi: { driver: 'example', readOnly: true } }) },
      message: /which is read-only\.$/,
    },
    {
      of: 'an output in a Secret',
      change: { pod: volume({ secret: { secretName: 'data' } }) },
      message: /which is read-only\.$/,
    },
  ])('for $of', ({ change, message }) => {
    const refusal = accept(change);
    expect(refusal).toMatchObject({ kind: 'Invalid', why: { reason: 'InvalidSpec' } });
    expect(refusal.kind === 'Invalid' ? refusal.why.message : '').toMatch(message);
  });

  it('without a worker image from anywhere', () => {
    expect(accept({}, { ...defaults, workerImage: undefined })).toMatchObject({
      why: {
        message: 'There is no worker image: give spec.pod.image, or start the operator with --worker-image.',
      },
    });
  });

  it.each([
    {
      of: 'where nothing is mounted',
      pod: {},
      message:
        "spec.storage.uri, by the operator's default, is file:///exchange, but no volume of spec.pod.volumeMounts is mounted there: give one that all pods of the job share, such as a persistentVolumeClaim.",
    },
    {
      of: 'on what it mounts there itself',
      claimName: 'exchange',
      pod: {
        volumes: [
          { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
          { name: 'own', emptyDir: {} },
        ],
        volumeMounts: [
          { name: 'data', mountPath: '/data' },
          { name: 'own', mountPath: '/exchange' },
        ],
      },
      message:
        "spec.storage.uri, by the operator's default, is file:///exchange on the emptyDir own, which each pod has its own of: use a volume that all pods of the job share, such as a persistentVolumeClaim.",
    },
  ])('for a storage that is not its own $of', ({ pod, claimName, message }) => {
    const storage = { uri: 'file:///exchange', s3: {}, claimName };
    const given = { ...defaults, specDefaults: { ...noSpecDefaults, storage } };
    expect(accept({ pod }, given)).toMatchObject({ why: { message } });
  });

  it('for a volume by the name of that which the operator adds', () => {
    const storage = { uri: 'file:///exchange', s3: {}, claimName: 'exchange' };
    const given = { ...defaults, specDefaults: { ...noSpecDefaults, storage } };
    expect(accept({}, given).kind).toBe('Accepted');
    const pod = { volumes: [{ name: 'blockstill-storage', emptyDir: {} }] };
    expect(accept({ pod }, given)).toMatchObject({
      why: { message: expect.stringContaining('names that begin with blockstill- are') as string },
    });
  });

  it('by the innermost of several mounts', () => {
    const pod = {
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'own', emptyDir: {} },
      ],
      volumeMounts: [
        { name: 'data', mountPath: '/data' },
        { name: 'own', mountPath: '/data/student' },
      ],
    };
    expect(accept({ pod })).toMatchObject({
      why: { message: expect.stringContaining('on the emptyDir own') as string },
    });
  });
});
