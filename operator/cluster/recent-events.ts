import type { CallOptions, KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import { coreEvents, type CoreEvent } from './kube-objects.ts';

/** Until the events of a namespace are read again. */
const trustedSeconds = 30;

/** The last event of each object by its UID. */
type Messages = ReadonlyMap<string, CoreEvent>;

/** Events of one kind, read for all jobs in a namespace together: some things nothing else says. */
export class RecentEvents {
  readonly #client: Pick<KubeClient, 'list'>;
  readonly #clock: Clock;
  readonly #fieldSelector: string;
  readonly #read = new Map<string, { readonly until: number; readonly messages: Promise<Messages> }>();

  constructor(client: Pick<KubeClient, 'list'>, clock: Clock, fieldSelector: string) {
    this.#client = client;
    this.#clock = clock;
    this.#fieldSelector = fieldSelector;
  }

  /** What the last one about an object says. */
  async lastAbout(
    { uid, namespace = '' }: { readonly uid: string; readonly namespace?: string | undefined },
    call: CallOptions,
  ): Promise<string | undefined> {
    return (await this.#messages(namespace, call)).get(uid)?.message;
  }

  async #messages(namespace: string, call: CallOptions): Promise<Messages> {
    const now = this.#clock.seconds();
    const known = this.#read.get(namespace);
    if (known !== undefined && known.until > now) return await known.messages;
    const messages = this.#list(namespace, call);
    this.#read.set(namespace, { until: now + trustedSeconds, messages });
    // What failed is asked again by the next one.
    messages.catch(() => this.#read.delete(namespace));
    return await messages;
  }

  async #list(namespace: string, call: CallOptions): Promise<Messages> {
    const fieldSelector = this.#fieldSelector;
    const { items } = await this.#client.list(coreEvents, { namespace, fieldSelector, ...call });
    const inOrder = items.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
    return new Map(inOrder.map((event) => [event.involvedObject?.uid ?? '', event]));
  }
}

function timeOf({ lastTimestamp, eventTime, metadata }: CoreEvent): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}
