import { sleep, type Clock } from '../../operator/kube/clock.ts';
import { exitCode } from '../../worker/contract/exit-code.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import * as podStatus from './pod-status.ts';
import type { PodView } from './pod-view.ts';
import type { PodWriter } from './pod-writer.ts';
import type { Ending, PretendWorker } from './pretend-worker.ts';

/** What a pod needs around it. */
export interface PodSurroundings {
  readonly clock: Clock;
  readonly writer: PodWriter;
  readonly worker: PretendWorker;
  readonly node: string;
  /** Whether to bind pods and to say that they run; without it a pod's only write is its end. */
  readonly wholeLife: boolean;
  /** How long an image can't be pulled. */
  readonly pullSeconds: number;
  nextAddress(): string;
  /** Resolves when the nodes that are gone are known to be gone, and their pods are removed. */
  nodesAreGone(): Promise<void>;
}

const dyingShare = 0.5;
const secondsOfDay = 86_400;

/** One pod from its node on, as a kubelet would have it. */
export class PodRun {
  pod: PodView;
  /** Aborted when the pod is asked to end. */
  readonly asked = new AbortController();
  readonly #around: PodSurroundings;
  readonly #misbehaviour: Misbehaviour | undefined;

  constructor(pod: PodView, around: PodSurroundings, misbehaviour: Misbehaviour | undefined) {
    this.pod = pod;
    this.#around = around;
    this.#misbehaviour = misbehaviour;
  }

  /** Until nothing is left to be written of it. */
  async play(): Promise<void> {
    const { writer, clock, wholeLife, node } = this.#around;
    if (this.#misbehaviour === 'AdmissionError') {
      const message = 'Pod was rejected: Allocate failed due to no healthy devices present';
      await writer.setStatus(this.pod, podStatus.refused('UnexpectedAdmissionError', message));
      return;
    }
    if (wholeLife && this.pod.nodeName === undefined && !(await writer.bind(this.pod, node))) return;
    const { pullSeconds } = this.#around;
    if (this.#misbehaviour === 'ImagePullBackOff') await this.#wait('ImagePullBackOff', pullSeconds);
    if (this.#misbehaviour === 'Unmounted') await this.#wait('ContainerCreating', secondsOfDay);
    const start = clock.now();
    if (wholeLife && !this.asked.signal.aborted) {
      const status = podStatus.running(this.pod, start, this.#around.nextAddress());
      if (!(await writer.setStatus(this.pod, status))) return;
    }
    if (this.#misbehaviour === 'NodeGone') return await this.#loseNode();
    if (this.#misbehaviour === 'Preempted') void this.#preempt();
    const ending = await this.#work();
    const there = await writer.setStatus(this.pod, this.#endStatus(ending, start));
    if (!there) return;
    if (this.#misbehaviour === 'DeletedAfterSuccess') await writer.remove(this.pod);
    if (this.asked.signal.aborted) await writer.remove(this.pod, 0);
  }

  async #wait(reason: string, seconds: number): Promise<void> {
    const { writer, clock } = this.#around;
    await writer.setStatus(this.pod, podStatus.waiting(this.pod, clock.now(), reason));
    await sleep(clock, seconds, this.asked.signal).catch(() => undefined);
  }

  async #work(): Promise<Ending> {
    const { worker } = this.#around;
    const diesAt = dying.has(this.#misbehaviour) ? dyingShare : undefined;
    return await worker.work(this.pod.unitSpec, this.pod.metadata.uid, { signal: this.asked.signal, diesAt });
  }

  #endStatus(ending: Ending, start: Date): podStatus.StatusPatch {
    const end = this.#around.clock.now();
    const reason = ending.exitCode === exitCode.Committed ? 'Completed' : 'Error';
    const terminated = { ...ending, reason, start, end };
    // Who was asked to end before has ended so, whatever was planned for it.
    if (ending.exitCode === exitCode.Interrupted) return podStatus.ended(this.pod, terminated);
    switch (this.#misbehaviour) {
      case 'InvalidInput':
        return podStatus.ended(this.pod, {
          ...terminated,
          exitCode: exitCode.InvalidInput,
          message: 'The dataset has no images.',
        });
      case 'Interrupted':
        return podStatus.ended(this.pod, {
          ...terminated,
          exitCode: exitCode.Interrupted,
          message: 'Stopped by a signal; the checkpoint is committed.',
        });
      case 'OutOfMemory':
        return podStatus.ended(this.pod, {
          ...terminated,
          exitCode: 137,
          reason: 'OOMKilled',
          message: '',
        });
      case 'Evicted': {
        const message = 'The node was low on resource: ephemeral-storage.';
        const killed = { ...terminated, exitCode: 137, message: '' };
        return podStatus.ended(this.pod, killed, { reason: 'Evicted', message, disruption: true });
      }
      case 'MessageLost':
        return podStatus.ended(this.pod, { ...terminated, message: '' });
      default:
        return podStatus.ended(this.pod, terminated);
    }
  }

  async #preempt(): Promise<void> {
    const { writer, clock } = this.#around;
    await writer.setStatus(this.pod, podStatus.disrupted(this.pod, clock.now(), 'PreemptionByScheduler'));
    await writer.remove(this.pod);
  }

  /** Nothing more is heard of the container, which may run on; somebody asks the pod to end, in vain. */
  async #loseNode(): Promise<void> {
    const { writer, clock, nodesAreGone } = this.#around;
    await writer.setStatus(this.pod, podStatus.disrupted(this.pod, clock.now(), 'DeletionByTaintManager'));
    await writer.remove(this.pod);
    await nodesAreGone();
    // As the collector of orphaned pods does: without a phase its Job would wait for it for ever.
    await writer.setStatus(this.pod, { phase: 'Failed' });
    await writer.remove(this.pod, 0);
  }
}

/** They die without having committed. */
const dying: ReadonlySet<Misbehaviour | undefined> = new Set([
  'Fails',
  'InvalidInput',
  'OutOfMemory',
  'Interrupted',
  'Evicted',
]);
