import { BlockstillError } from '../../common/error.ts';
import { isApiError } from '../../operator/kube/api-error.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { sleep, type Clock } from '../../operator/kube/clock.ts';
import type { KubeObject, Resource } from '../../operator/kube/resource.ts';
import { pods } from './objects.ts';
import type { StatusPatch } from './pod-status.ts';
import type { PodView } from './pod-view.ts';

const retrySeconds = 0.2;
/** Writes at once, so that thousands of pods don't make as many connections. */
const writesAtOnce = 32;
const conflictsBelieved = 5;

/** What scheduler, kubelet and others write of pods, repeated until it is done: API servers come and go. */
export class PodWriter {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(client: KubeClient, options: { clock: Clock; signal: AbortSignal }) {
    this.#client = client;
    this.#clock = options.clock;
    this.#signal = options.signal;
  }

  /** Puts a pod on a node, as the scheduler does. Answers false when there is no such pod any more. */
  async bind(pod: PodView, node: string): Promise<boolean> {
    const { name, namespace, uid } = pod.metadata;
    const binding: Resource<KubeObject & { target: object }> = {
      group: pods.group,
      version: pods.version,
      namespaced: true,
      plural: `${pods.plural}/${encodeURIComponent(name)}/binding`,
      kind: 'Binding',
    };
    const target = { apiVersion: 'v1', kind: 'Node', name: node };
    const options = { signal: this.#signal };
    return await this.#insist(
      async () => await this.#client.create(binding, { metadata: { name, namespace, uid }, target }, options),
      // It is bound: the first try did arrive.
      (error) => isApiError(error, 'Conflict'),
    );
  }

  async setStatus(pod: PodView, status: StatusPatch): Promise<boolean> {
    const { name, namespace, uid } = pod.metadata;
    const patch = { type: 'Merge', body: { metadata: { uid }, status } } as const;
    const options = { patch, subresource: 'status', signal: this.#signal } as const;
    return await this.#insist(async () => await this.#client.patch(pods, { name, namespace }, options));
  }

  /** @param gracePeriodSeconds - undefined: what the pod asks for; 0: now, as the kubelet does when all has ended */
  async remove(pod: PodView, gracePeriodSeconds?: number): Promise<boolean> {
    const { name, namespace, uid } = pod.metadata;
    const options = {
      uid,
      signal: this.#signal,
      ...(gracePeriodSeconds === 0 ? { gracePeriodSeconds } : {}),
    };
    return await this.#insist(async () => await this.#client.delete(pods, { name, namespace }, options));
  }

  async #insist(write: () => Promise<unknown>, isDone?: (error: unknown) => boolean): Promise<boolean> {
    let conflicts = 0;
    for (;;) {
      try {
        await this.#inTurn(write);
        return true;
      } catch (error) {
        this.#signal.throwIfAborted();
        if (isDone?.(error)) return true;
        if (isApiError(error, 'NotFound')) return false;
        // Another pod has its name by now, or somebody else wrote at the same time.
        if (isApiError(error, 'Conflict') && ++conflicts >= conflictsBelieved) return false;
        if (isApiError(error, 'Invalid', 'BadRequest', 'Forbidden')) throw error;
        if (!(error instanceof BlockstillError)) throw error;
      }
      await sleep(this.#clock, retrySeconds, this.#signal);
    }
  }

  async #inTurn(write: () => Promise<unknown>): Promise<void> {
    if (this.#running >= writesAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      await write();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
