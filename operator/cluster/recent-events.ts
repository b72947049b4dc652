import { BlockstillError } from '../../common/error.ts';
import type { Why } from '../decide/observed.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import { startDeadline } from '../kube/deadline.ts';
import { coreEvents, type CoreEvent } from './kube-objects.ts';

/** Until the events of a namespace are read again. */
const trustedSeconds = 30;

/** They only explain: no job waits for them for longer. */
const patienceSeconds = 2;

/** What the last event of each object says, by its UID. */
type Messages = ReadonlyMap<string, Why>;

/** What is said; undefined: nothing. Where that could not be read, nobody knows which. */
export type Heard = Why | 'Unknown' | undefined;

export interface EventsOptions {
  readonly client: Pick<KubeClient, 'list'>;
  readonly clock: Clock;
  /** They can't be read now: jobs go on, and their waiting stays unexplained. */
  onProblem(error: unknown): void;
}

interface EventsToRead {
  /** What they are about, such as `Pod`. */
  readonly kind: string;
  readonly reasons: readonly string[];
}

/** Warnings of a few kinds, read for all jobs in a namespace together: some things nothing else says. */
export class RecentEvents {
  readonly #options: EventsOptions;
  readonly #wanted: EventsToRead;
  readonly #read = new Map<
    string,
    { readonly until: number; readonly messages: Promise<Messages | 'Unknown'> }
  >();

  constructor(options: EventsOptions, wanted: EventsToRead) {
    this.#options = options;
    this.#wanted = wanted;
  }

  /** What the last one about an object says. */
  async lastAbout({
    uid,
    namespace = '',
  }: {
    readonly uid: string;
    readonly namespace?: string | undefined;
  }): Promise<Heard> {
    const messages = await this.#messages(namespace);
    return messages === 'Unknown' ? messages : messages.get(uid);
  }

  async #messages(namespace: string): Promise<Messages | 'Unknown'> {
    const now = this.#options.clock.seconds();
    // Also those of namespaces that nobody asks about any more.
    for (const [name, { until }] of this.#read) if (until <= now) this.#read.delete(name);
    const known = this.#read.get(namespace);
    if (known !== undefined) return await known.messages;
    const messages = this.#list(namespace).catch((error: unknown): 'Unknown' => {
      this.#options.onProblem(error);
      return 'Unknown';
    });
    this.#read.set(namespace, { until: now + trustedSeconds, messages });
    return await messages;
  }

  async #list(namespace: string): Promise<Messages> {
    const { kind, reasons } = this.#wanted;
    // A selector knows no "or" for the reasons; most other events are no warnings.
    const fieldSelector = `type=Warning,involvedObject.kind=${kind}`;
    using deadline = startDeadline({
      clock: this.#options.clock,
      seconds: patienceSeconds,
      reason: () => new BlockstillError('cluster/timeout', `No events came within ${patienceSeconds} s.`),
    });
    const selection = { namespace, fieldSelector, signal: deadline.signal };
    const { items } = await this.#options.client.list(coreEvents, selection, wordsOf);
    const inOrder = items
      .filter(({ why }) => reasons.includes(why.reason))
      .toSorted((a, b) => (a.time < b.time ? -1 : 1));
    return new Map(inOrder.map(({ uid, why }) => [uid, why]));
  }
}

function wordsOf({ involvedObject, reason = '', message = '', ...times }: CoreEvent) {
  const { lastTimestamp, eventTime, metadata } = times;
  const time = lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
  return { uid: involvedObject?.uid ?? '', why: { reason, message }, time };
}
