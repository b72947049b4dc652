import { describe, expect, it } from 'vitest';
import type { Toleration } from '../../crds/spec/affinity.ts';
import { withPodDefaults } from './with-pod-defaults.ts';

const bare = { terminationGracePeriodSeconds: 120 };
const none = { tolerations: [], nodeSelector: {}, storage: undefined };

const dedicated: Toleration = { key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' };
const spot: Toleration = { key: 'spot', operator: 'Exists' };

it('pods stay as they are where the operator gives nothing', () => {
  expect(withPodDefaults(bare, none)).toEqual(bare);
});

describe('tolerations', () => {
  it('are those of the job, and those of the operator for other keys', () => {
    const own = { ...spot, effect: 'NoExecute', tolerationSeconds: 60 } as const;
    const pod = withPodDefaults({ ...bare, tolerations: [own] }, { ...none, tolerations: [dedicated, spot] });
    expect(pod.tolerations).toEqual([own, dedicated]);
  });

  it('of the operator stay beside one for every taint', () => {
    const own = { operator: 'Exists' } as const;
    const pod = withPodDefaults({ ...bare, tolerations: [own] }, { ...none, tolerations: [spot] });
    expect(pod.tolerations).toEqual([own, spot]);
  });
});

it('nodes are selected as the job says, and as the operator says by other labels', () => {
  const pod = withPodDefaults(
    { ...bare, nodeSelector: { pool: 'mine', disk: 'fast' } },
    { ...none, nodeSelector: { pool: 'gpu', zone: 'a' } },
  );
  expect(pod.nodeSelector).toEqual({ pool: 'mine', disk: 'fast', zone: 'a' });
});

describe('the claim of a storage', () => {
  const storage = { uri: 'file:///mnt/exchange%201/', s3: {}, claimName: 'exchange' };
  const ownVolume = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };

  it('is mounted where the URI says, beside what the job mounts', () => {
    const mounted = { volumes: [ownVolume], volumeMounts: [{ name: 'data', mountPath: '/mnt' }] };
    expect(withPodDefaults({ ...bare, ...mounted }, { ...none, storage })).toEqual({
      ...bare,
      volumes: [ownVolume, { name: 'blockstill-storage', persistentVolumeClaim: { claimName: 'exchange' } }],
      volumeMounts: [
        { name: 'data', mountPath: '/mnt' },
        { name: 'blockstill-storage', mountPath: '/mnt/exchange 1' },
      ],
    });
  });

  it('is not, where the job mounts something of its own', () => {
    const pod = {
      ...bare,
      volumes: [ownVolume],
      volumeMounts: [{ name: 'data', mountPath: '/mnt/exchange 1/' }],
    };
    expect(withPodDefaults(pod, { ...none, storage })).toEqual(pod);
  });

  it('is not, where the storage has none', () => {
    const bucket = { uri: 's3://exchange', s3: {} };
    expect(withPodDefaults(bare, { ...none, storage: bucket })).toEqual(bare);
  });
});
