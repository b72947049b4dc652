import { randomInt } from 'node:crypto';
import { labels } from '../../operator/cluster/names.ts';
import { isApiError } from '../../operator/kube/api-error.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { systemClock, type Clock } from '../../operator/kube/clock.ts';
import { listWatch, Reflector } from '../../operator/kube/reflector.ts';
import type { KubeObject, Resource } from '../../operator/kube/resource.ts';
import type { StoreChange } from '../../operator/kube/store.ts';
import { GpuPool } from './gpu-pool.ts';
import type { Script } from './misbehaviour.ts';
import { pods, type PodObject } from './objects.ts';
import { PodRun, type PodSurroundings } from './pod-run.ts';
import * as podStatus from './pod-status.ts';
import { hasEnded, viewPod, type PodView } from './pod-view.ts';
import { PodWriter } from './pod-writer.ts';
import type { PretendWorker } from './pretend-worker.ts';

export interface PodSimulatorOptions {
  readonly client: KubeClient;
  readonly worker: PretendWorker;
  /** GPUs of the pretend node: pods beyond them wait. */
  readonly gpus: number;
  readonly script?: Script;
  readonly clock?: Clock;
  /** Default true; false leaves out all writes but the pod's end. */
  readonly wholeLife?: boolean;
  /** How long an image can't be pulled; default 1. */
  readonly pullSeconds?: number;
}

const nodes: Resource<KubeObject & { status: object }> = {
  group: '',
  version: 'v1',
  plural: 'nodes',
  kind: 'Node',
  namespaced: false,
};
const nodeName = 'pretend-node';

/** Plays scheduler, kubelet and worker for all pods of DistillationJobs. */
export class PodSimulator implements AsyncDisposable {
  readonly #options: PodSimulatorOptions;
  readonly #stopped = new AbortController();
  readonly #pool: GpuPool;
  readonly #writer: PodWriter;
  readonly #reflector: Reflector<PodObject, PodView>;
  readonly #runs = new Map<string, PodRun>();
  readonly #playing = new Set<Promise<void>>();
  readonly #podsOfAttempt = new Map<string, number>();
  #goneNodes = Promise.withResolvers<void>();
  #addresses = 0;
  #reflecting: Promise<void> = Promise.resolve();

  private constructor(options: PodSimulatorOptions) {
    const { client, gpus, clock = systemClock } = options;
    this.#options = options;
    this.#pool = new GpuPool(gpus);
    this.#writer = new PodWriter(client, { clock, signal: this.#stopped.signal });
    this.#reflector = new Reflector<PodObject, PodView>({
      source: listWatch(client, pods, { labelSelector: labels.jobUid }),
      indices: {},
      clock,
      random: () => randomInt(2 ** 32) / 2 ** 32,
      project: viewPod,
      onChange: (change) => this.#take(change),
      onProblem: () => undefined,
    });
  }

  static async start(options: PodSimulatorOptions): Promise<PodSimulator> {
    const simulator = new PodSimulator(options);
    await registerNode(options.client, options.gpus);
    simulator.#reflecting = simulator.#reflector.run(simulator.#stopped.signal);
    await simulator.#reflector.synced;
    return simulator;
  }

  /** Pods that have not ended. */
  get livePods(): number {
    return this.#reflector.store.list().filter(({ phase }) => !hasEnded(phase)).length;
  }

  /** Removes the pods of nodes that are gone, as after somebody has deleted their Node objects. */
  removeGoneNodes(): void {
    this.#goneNodes.resolve();
    this.#goneNodes = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    for (const { asked } of this.#runs.values()) asked.abort();
    this.removeGoneNodes();
    await this.#reflecting;
    await Promise.allSettled(this.#playing);
  }

  #take(change: StoreChange<PodView>): void {
    const pod = change.object;
    const { uid } = pod.metadata;
    const known = this.#runs.get(uid);
    if (change.type === 'Deleted') {
      known?.asked.abort();
      this.#runs.delete(uid);
      return;
    }
    if (known !== undefined) known.pod = pod;
    if (pod.endsWithin !== undefined) known?.asked.abort();
    if (hasEnded(pod.phase)) {
      // It was asked to end just when it had ended by itself.
      if ((pod.endsWithin ?? 0) > 0) this.#follow(this.#writer.remove(pod, 0));
    } else if (known === undefined) this.#begin(pod);
  }

  #begin(pod: PodView): void {
    const { script, worker, clock = systemClock, wholeLife = true, pullSeconds = 1 } = this.#options;
    const attempt = Object.values(pod.attempt).join('/');
    const nthPod = (this.#podsOfAttempt.get(attempt) ?? 0) + 1;
    this.#podsOfAttempt.set(attempt, nthPod);
    const around: PodSurroundings = {
      clock,
      worker,
      wholeLife,
      pullSeconds,
      writer: this.#writer,
      node: nodeName,
      nextAddress: () => this.#nextAddress(),
      nodesAreGone: async () => await this.#goneNodes.promise,
    };
    const run = new PodRun(pod, around, script?.(pod.attempt, nthPod));
    if (pod.endsWithin !== undefined) run.asked.abort();
    this.#runs.set(pod.metadata.uid, run);
    this.#follow(this.#play(run, clock));
  }

  async #play(run: PodRun, clock: Clock): Promise<void> {
    const { gpus } = run.pod;
    if (!this.#pool.tryTake(gpus)) {
      const waits = this.#pool.take(gpus, run.asked.signal).then(
        () => true,
        () => false,
      );
      await this.#writer.setStatus(run.pod, podStatus.unschedulable(run.pod, clock.now()));
      // The API server removes a pod at once that is on no node.
      if (!(await waits)) return;
    }
    try {
      await run.play();
    } finally {
      this.#pool.give(gpus);
    }
  }

  /** What goes wrong in a pod's life is a defect of the simulator, and ends the process. */
  #follow(work: Promise<unknown>): void {
    const followed = work.then(
      () => undefined,
      (error: unknown) => {
        if (!this.#stopped.signal.aborted) throw error;
      },
    );
    this.#playing.add(followed);
    void followed.finally(() => this.#playing.delete(followed));
  }

  #nextAddress(): string {
    this.#addresses += 1;
    // Loopback, where nobody listens: nothing is ever asked of another machine.
    return `127.${100 + ((this.#addresses >> 16) & 63)}.${(this.#addresses >> 8) & 255}.${this.#addresses & 255}`;
  }
}

async function registerNode(client: KubeClient, gpus: number): Promise<void> {
  const amounts = { cpu: '1000', memory: '1000Gi', pods: '10000', 'nvidia.com/gpu': String(gpus) };
  const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'pretend' };
  const status = { capacity: amounts, allocatable: amounts, conditions: [condition] };
  try {
    await client.create(nodes, { metadata: { name: nodeName }, status });
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
}
