import { describe, expect, it } from 'vitest';
import { podlessSentence, waitingSentence } from './waiting.ts';

describe('a pod that does not start', () => {
  it.each([
    {
      of: 'an image that can not be pulled',
      waiting: { reason: 'ErrImagePull', message: 'manifest unknown' },
      why: {
        reason: 'WaitingForImage',
        message:
          "prepare waits for its image, which can't be pulled: manifest unknown. Check spec.pod.image and imagePullSecrets.",
      },
    },
    {
      of: 'an image whose name is none',
      waiting: { reason: 'InvalidImageName', message: '' },
      why: {
        reason: 'WaitingForImage',
        message:
          "prepare waits for its image, which can't be pulled: InvalidImageName. Check spec.pod.image and imagePullSecrets.",
      },
    },
    {
      of: 'a Secret that is not there',
      waiting: { reason: 'CreateContainerConfigError', message: 'secret "s3" not found' },
      why: {
        reason: 'WaitingForConfiguration',
        message:
          'prepare can\'t be started: secret "s3" not found. Check the Secrets and ConfigMaps that spec.pod, spec.storage or the operator\'s defaults name.',
      },
    },
    {
      of: 'a claim that is not there',
      waiting: { reason: 'Unschedulable', message: 'persistentvolumeclaim "data" not found' },
      why: {
        reason: 'WaitingForVolume',
        message: 'prepare waits for a volume: persistentvolumeclaim "data" not found',
      },
    },
    {
      of: 'a volume of a Secret that is not there',
      waiting: {
        reason: 'FailedMount',
        message: 'MountVolume.SetUp failed for volume "s3": secret "s3" not found',
      },
      why: {
        reason: 'WaitingForVolume',
        message:
          'prepare waits for a volume: MountVolume.SetUp failed for volume "s3": secret "s3" not found. Check the claims, Secrets and ConfigMaps that spec.pod, spec.storage or the operator\'s defaults name.',
      },
    },
    {
      of: 'a volume that another node has',
      waiting: { reason: 'FailedAttachVolume', message: 'Multi-Attach error for volume "pvc-1"' },
      why: {
        reason: 'WaitingForVolume',
        message:
          'prepare waits for a volume: Multi-Attach error for volume "pvc-1". Check the claims, Secrets and ConfigMaps that spec.pod, spec.storage or the operator\'s defaults name.',
      },
    },
    {
      of: 'a network on its node',
      waiting: {
        reason: 'FailedCreatePodSandBox',
        message: 'Failed to create pod sandbox: plugin type="calico" failed (add): no addresses',
      },
      why: {
        reason: 'WaitingForSandbox',
        message:
          'prepare has a node that can\'t set up its pod: Failed to create pod sandbox: plugin type="calico" failed (add): no addresses. Check the container runtime and the network plugin of that node.',
      },
    },
    {
      of: 'a volume that is bound to another zone',
      waiting: {
        reason: 'Unschedulable',
        message: '0/3 nodes are available: 3 node(s) had volume node affinity conflict.',
      },
      why: {
        reason: 'WaitingForVolume',
        message:
          'prepare waits for a volume: 0/3 nodes are available: 3 node(s) had volume node affinity conflict.',
      },
    },
    {
      of: 'a node',
      waiting: {
        reason: 'Unschedulable',
        message: '0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
      },
      why: {
        reason: 'WaitingForNode',
        message: 'prepare waits for a node: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu.',
      },
    },
    {
      of: 'whoever put a gate on it',
      waiting: {
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
      why: { reason: 'Queued', message: 'prepare is held back by a scheduling gate.' },
    },
  ])('waits for $of', ({ waiting, why }) => {
    expect(waitingSentence('prepare', waiting)).toEqual(why);
  });
});

describe('a pod that is not even made', () => {
  it('has what the cluster says of it, shortened', () => {
    const { reason, message } = podlessSentence('prepare', `exceeded quota: ${'x'.repeat(1000)}`);
    expect(reason).toBe('QuotaExceeded');
    expect(message).toMatch(/^prepare waits for quota of the namespace: exceeded quota: x+\.\.\.$/);
    expect(message.length).toBeLessThan(600);
    expect(podlessSentence('prepare', 'violates PodSecurity').reason).toBe('PodRefused');
  });
});
