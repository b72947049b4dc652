import type { Why } from '../decide/observed.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { ChildJob } from './children.ts';
import { coreEvents, type CoreEvent } from './kube-objects.ts';
import { unitNameOf } from './names.ts';
import { podlessSentence } from './waiting.ts';

/** How long a Job may be without a pod before anyone asks why. */
export const podlessSeconds = 15;
/** Until the events of a namespace are read again. */
const trustedSeconds = 30;

export interface Podless {
  /** Since when that is seen. */
  readonly since: Date;
  /** Undefined where nothing says why. */
  readonly why: Why | undefined;
}

interface FirstSeen {
  readonly since: Date;
  readonly seconds: number;
}

/** The last event of each Job by its UID. */
type Messages = ReadonlyMap<string, CoreEvent>;

/** Why the cluster makes no pods for some Jobs: nothing but an Event says so. */
export class PodlessJobs {
  readonly #client: Pick<KubeClient, 'list'>;
  readonly #clock: Clock;
  readonly #seen = new Map<string, FirstSeen>();
  /** By namespace; asked for once for all jobs in it. */
  readonly #events = new Map<string, { readonly until: number; readonly messages: Promise<Messages> }>();

  constructor(client: Pick<KubeClient, 'list'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** By the UID of the Job. */
  async reasonsFor(jobs: readonly ChildJob[], call: CallOptions): Promise<ReadonlyMap<string, Podless>> {
    const reasons = new Map<string, Podless>();
    for (const job of jobs) reasons.set(job.metadata.uid, await this.#reasonFor(job, call));
    return reasons;
  }

  /** It has a pod, or needs none any more. */
  forget(job: ChildJob): void {
    this.#seen.delete(job.metadata.uid);
  }

  async #reasonFor({ metadata, identity }: ChildJob, call: CallOptions): Promise<Podless> {
    const now = this.#clock.seconds();
    const first = this.#seen.get(metadata.uid) ?? { since: this.#clock.now(), seconds: now };
    this.#seen.set(metadata.uid, first);
    const { since } = first;
    if (now - first.seconds < podlessSeconds) return { since, why: undefined };
    const last = (await this.#messages(metadata.namespace ?? '', call)).get(metadata.uid);
    const unit = identity === undefined ? metadata.name : unitNameOf(identity.stage, identity.index);
    return { since, why: last?.message === undefined ? undefined : podlessSentence(unit, last.message) };
  }

  async #messages(namespace: string, call: CallOptions): Promise<Messages> {
    const now = this.#clock.seconds();
    const known = this.#events.get(namespace);
    if (known !== undefined && known.until > now) return await known.messages;
    const messages = this.#list(namespace, call);
    this.#events.set(namespace, { until: now + trustedSeconds, messages });
    // What failed is asked again by the next one.
    messages.catch(() => this.#events.delete(namespace));
    return await messages;
  }

  async #list(namespace: string, call: CallOptions): Promise<Messages> {
    const fieldSelector = 'involvedObject.kind=Job,reason=FailedCreate';
    const { items } = await this.#client.list(coreEvents, { namespace, fieldSelector, ...call });
    const inOrder = items.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
    return new Map(inOrder.map((event) => [event.involvedObject?.uid ?? '', event]));
  }
}

function timeOf({ lastTimestamp, eventTime, metadata }: CoreEvent): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}
