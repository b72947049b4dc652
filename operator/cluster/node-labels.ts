import { isApiError } from '../kube/api-error.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import { startDeadline } from '../kube/deadline.ts';
import { kubeNodes } from './kube-objects.ts';

export interface NodeLabelsOptions {
  readonly client: Pick<KubeClient, 'get'>;
  readonly clock: Clock;
  /** Said once, not with every question. */
  readonly onProblem: (problem: string, error: unknown) => void;
}

/** The labels of a node, or half a sentence that says why they are unknown. */
export type NodeAnswer = { readonly labels: Readonly<Record<string, string>> } | { readonly unknown: string };

/** How long an answer is believed: who changes how a node gives out its GPUs starts its device plugin anew. */
const trustedSeconds = 600;
/** Until a node that could not be read is asked for again; a permission is given by hand, if at all. */
const brokenSeconds = 60;
const refusedSeconds = 600;
/** Figures wait for it, and nothing else may. */
const answerSeconds = 5;
/** Of more, those that were first asked for are forgotten. */
const mostNodes = 5000;

interface Known {
  readonly answer: NodeAnswer;
  readonly until: number;
}

/**
 * What nodes say of themselves, read one by one when a pod has been bound to them, and rarely: the operator needs no watch
 * on nodes, and no right to read them either. Nothing here throws but what the caller has aborted.
 */
export class NodeLabels {
  readonly #options: NodeLabelsOptions;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<NodeAnswer>>();
  #refusedUntil = -Infinity;
  readonly #said = new Set<string>();

  constructor(options: NodeLabelsOptions) {
    this.#options = options;
  }

  async of(node: string, { signal }: CallOptions): Promise<NodeAnswer> {
    const now = this.#options.clock.seconds();
    const known = this.#known.get(node);
    if (known !== undefined && known.until > now) return known.answer;
    // What it said once is better than nothing.
    if (this.#refusedUntil > now) return known?.answer ?? refused;
    const asking = this.#asking.get(node) ?? this.#ask(node, signal).finally(() => this.#asking.delete(node));
    this.#asking.set(node, asking);
    return await asking;
  }

  async #ask(name: string, signal: AbortSignal | undefined): Promise<NodeAnswer> {
    const { client, clock } = this.#options;
    const before = this.#known.get(name)?.answer;
    using deadline = startDeadline({
      clock,
      seconds: answerSeconds,
      parent: signal,
      reason: () => new Error(`no answer within ${answerSeconds} s`),
    });
    try {
      const node = await client.get(kubeNodes, { name }, { signal: deadline.signal });
      if (node !== undefined) return this.#remember(name, { labels: gpuLabels(node.metadata.labels) });
      return this.#remember(name, before ?? { unknown: `node ${name} is gone` }, brokenSeconds);
    } catch (error) {
      signal?.throwIfAborted();
      if (isApiError(error, 'Forbidden', 'Unauthorized')) {
        this.#refusedUntil = clock.seconds() + refusedSeconds;
        this.#sayOnce('Nodes may not be read; whether GPUs are shared stays unknown', error);
        return before ?? refused;
      }
      this.#sayOnce('A node could not be read; whether its GPUs are shared may stay unknown', error);
      return this.#remember(name, before ?? { unknown: `node ${name} could not be read` }, brokenSeconds);
    }
  }

  #remember(name: string, answer: NodeAnswer, seconds = trustedSeconds): NodeAnswer {
    this.#known.delete(name);
    this.#known.set(name, { answer, until: this.#options.clock.seconds() + seconds });
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostNodes && oldest !== undefined) this.#known.delete(oldest);
    return answer;
  }

  #sayOnce(problem: string, error: unknown): void {
    if (this.#said.has(problem)) return;
    this.#said.add(problem);
    this.#options.onProblem(problem, error);
  }
}

const refused: NodeAnswer = { unknown: 'the operator may not read nodes' };

/** Nodes have many others. */
function gpuLabels(labels: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name.startsWith('nvidia.com/')));
}
