import { randomStream } from '../../common/random.ts';

/** What can become of a pod besides finishing its work. */
export const misbehaviours = [
  /** Exit 1 with last words. */
  'Fails',
  /** Exit 64: bad input. */
  'InvalidInput',
  /** Exit 137, killed for memory. */
  'OutOfMemory',
  /** Exit 75: told to stop by someone, its checkpoint committed. */
  'Interrupted',
  /** By the kubelet, for pressure on the node. */
  'Evicted',
  /** Deleted by the scheduler for a pod of higher priority. */
  'Preempted',
  /** Refused by the kubelet: no container is ever started. */
  'AdmissionError',
  /** Succeeded, and deleted by someone in the same moment. */
  'DeletedAfterSuccess',
  /** Exit 0, and nothing in the termination message. */
  'MessageLost',
  /** The image can't be pulled for a while. */
  'ImagePullBackOff',
  /** A volume can't be mounted, of which the pod itself says nothing; it waits until someone deletes it. */
  'Unmounted',
  /** The node is gone: the pod is Terminating until someone forces it. */
  'NodeGone',
] as const;

export type Misbehaviour = (typeof misbehaviours)[number];

/** Which attempt a pod is. */
export interface PodAttempt {
  readonly jobName: string;
  readonly stage: string;
  readonly unit: string;
  readonly attempt: string;
}

/** What a pod will do; undefined: its work. */
export type Script = (pod: PodAttempt, nthPod: number) => Misbehaviour | undefined;

/**
 * Draws a misbehaviour for each pod with the given probabilities, which add up to at most 1. It depends on the seed and
 * the attempt alone, not on the order in which pods come.
 */
export function misbehaveBySeed(
  seed: number,
  rates: Readonly<Partial<Record<Misbehaviour, number>>>,
): Script {
  return ({ jobName, stage, unit, attempt }, nthPod) => {
    let left = randomStream(seed, 'misbehaviour', jobName, stage, unit, attempt, nthPod).uniform();
    return misbehaviours.find((misbehaviour) => {
      left -= rates[misbehaviour] ?? 0;
      return left < 0;
    });
  };
}
