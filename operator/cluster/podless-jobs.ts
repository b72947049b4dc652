import type { Why } from '../decide/observed.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { ChildJob } from './children.ts';
import { coreEvents, type CoreEvent } from './kube-objects.ts';
import { unitNameOf } from './names.ts';
import { podlessSentence } from './waiting.ts';

/** How long a Job may be without a pod before anyone asks why. */
export const podlessSeconds = 15;
/** Until the events of a Job are read again. */
const trustedSeconds = 30;

export interface Podless {
  /** Since when that is seen. */
  readonly since: Date;
  /** Undefined where nothing says why. */
  readonly why: Why | undefined;
}

interface Known extends Podless {
  readonly until: number;
}

/** Why the cluster makes no pods for some Jobs: nothing but an Event says so. */
export class PodlessJobs {
  readonly #client: Pick<KubeClient, 'list'>;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

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
    this.#known.delete(job.metadata.uid);
  }

  async #reasonFor({ metadata, identity }: ChildJob, call: CallOptions): Promise<Podless> {
    const now = this.#clock.seconds();
    const known = this.#known.get(metadata.uid);
    if (known !== undefined && known.until > now) return known;
    if (known === undefined) {
      const first = { why: undefined, since: this.#clock.now(), until: now + podlessSeconds };
      this.#known.set(metadata.uid, first);
      return first;
    }
    const fieldSelector = `involvedObject.uid=${metadata.uid},reason=FailedCreate`;
    const selection = { namespace: metadata.namespace, fieldSelector, ...call };
    const { items } = await this.#client.list(coreEvents, selection);
    const last = items.toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1)).at(-1);
    const unit = identity === undefined ? metadata.name : unitNameOf(identity.stage, identity.index);
    const why = last?.message === undefined ? undefined : podlessSentence(unit, last.message);
    const found = { why, since: known.since, until: now + trustedSeconds };
    this.#known.set(metadata.uid, found);
    return found;
  }
}

function timeOf({ lastTimestamp, eventTime, metadata }: CoreEvent): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}
