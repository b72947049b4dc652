import type { Why } from '../decide/observed.ts';
import { clip, sentence } from '../decide/text.ts';

const imageProblems = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
]);

/** Why a pod does not start, in words, from its status or an event: the reason is one of ours, the message has what the cluster says. */
export function waitingSentence(unit: string, { reason, message }: Why): Why {
  const said = clip(message.trim(), 500) || reason;
  if (imageProblems.has(reason)) {
    return {
      reason: 'WaitingForImage',
      message: `${unit} waits for its image, which can't be pulled: ${sentence(said)} Check spec.pod.image and imagePullSecrets.`,
    };
  }
  if (reason === 'FailedMount' || reason === 'FailedAttachVolume') {
    return {
      reason: 'WaitingForVolume',
      message: `${unit} waits for a volume: ${sentence(said)} Check the claims, Secrets and ConfigMaps that spec.pod, spec.storage or the operator's defaults name.`,
    };
  }
  if (reason === 'FailedCreatePodSandBox') {
    return {
      reason: 'WaitingForSandbox',
      message: `${unit} has a node that can't set up its pod: ${sentence(said)} Check the container runtime and the network plugin of that node.`,
    };
  }
  if (/persistentvolumeclaim|volume/i.test(message) && reason !== 'CreateContainerConfigError') {
    return { reason: 'WaitingForVolume', message: `${unit} waits for a volume: ${said}` };
  }
  if (reason === 'CreateContainerConfigError' || reason === 'CreateContainerError') {
    return {
      reason: 'WaitingForConfiguration',
      message: `${unit} can't be started: ${sentence(said)} Check the Secrets and ConfigMaps that spec.pod, spec.storage or the operator's defaults name.`,
    };
  }
  if (reason === 'SchedulingGated')
    return { reason: 'Queued', message: `${unit} is held back by a scheduling gate.` };
  return { reason: 'WaitingForNode', message: `${unit} waits for a node: ${said}` };
}

/** Why the cluster makes no pod for a Job, from the event that says so. */
export function podlessSentence(unit: string, said: string): Why {
  if (/exceeded quota/i.test(said)) {
    return {
      reason: 'QuotaExceeded',
      message: `${unit} waits for quota of the namespace: ${clip(said, 500)}`,
    };
  }
  return { reason: 'PodRefused', message: `The cluster refuses the pod of ${unit}: ${clip(said, 500)}` };
}
