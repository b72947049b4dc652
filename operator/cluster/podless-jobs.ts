import type { Clock } from '../kube/clock.ts';
import type { ChildJob } from './children.ts';
import { unitNameOf } from './names.ts';
import { RecentEvents, type EventsOptions, type Heard } from './recent-events.ts';
import { podlessSentence } from './waiting.ts';

/** How long a Job may be without a pod before anyone asks why. */
export const podlessSeconds = 15;

export interface Podless {
  /** Since when that is seen. */
  readonly since: Date;
  /** Undefined where nothing says why; `Unknown` also before anyone has asked. */
  readonly why: Heard;
}

interface FirstSeen {
  readonly since: Date;
  readonly seconds: number;
}

/** Why the cluster makes no pods for some Jobs: nothing but an Event says so. */
export class PodlessJobs {
  readonly #clock: Clock;
  readonly #events: RecentEvents;
  readonly #seen = new Map<string, FirstSeen>();

  constructor(options: EventsOptions) {
    this.#clock = options.clock;
    this.#events = new RecentEvents(options, { kind: 'Job', reasons: ['FailedCreate'] });
  }

  /** By the UID of the Job. */
  async reasonsFor(jobs: readonly ChildJob[]): Promise<ReadonlyMap<string, Podless>> {
    const reasons = new Map<string, Podless>();
    for (const job of jobs) reasons.set(job.metadata.uid, await this.#reasonFor(job));
    return reasons;
  }

  /** It has a pod, or needs none any more. */
  forget(job: ChildJob): void {
    this.#seen.delete(job.metadata.uid);
  }

  async #reasonFor({ metadata, identity }: ChildJob): Promise<Podless> {
    const now = this.#clock.seconds();
    const first = this.#seen.get(metadata.uid) ?? { since: this.#clock.now(), seconds: now };
    this.#seen.set(metadata.uid, first);
    const { since } = first;
    if (now - first.seconds < podlessSeconds) return { since, why: 'Unknown' };
    const said = await this.#events.lastAbout(metadata);
    if (said === undefined || said === 'Unknown') return { since, why: said };
    const unit = identity === undefined ? metadata.name : unitNameOf(identity.stage, identity.index);
    return { since, why: podlessSentence(unit, said.message) };
  }
}
