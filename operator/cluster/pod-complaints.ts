import type { Why } from '../decide/observed.ts';
import type { Clock } from '../kube/clock.ts';
import type { ChildPod } from './children.ts';
import { RecentEvents, type EventsOptions } from './recent-events.ts';

/** How long a node may take to mount a pod's volumes and set it up before anyone asks why it has not begun. */
export const preparationSeconds = 15;

/** What nodes complain of while they prepare pods: a volume that can't be mounted, only an Event tells. */
export class PodComplaints {
  readonly #clock: Clock;
  readonly #events: RecentEvents;

  constructor(options: EventsOptions) {
    this.#clock = options.clock;
    const reasons = ['FailedMount', 'FailedAttachVolume', 'FailedCreatePodSandBox'];
    this.#events = new RecentEvents(options, { kind: 'Pod', reasons });
  }

  /** The last complaint about each, by the UID of the pod. */
  async about(pods: readonly ChildPod[]): Promise<ReadonlyMap<string, Why>> {
    const complaints = new Map<string, Why>();
    const latest = this.#clock.now().getTime() - preparationSeconds * 1000;
    for (const { metadata, preparingSince = '' } of pods) {
      if (Date.parse(preparingSince) > latest) continue;
      const complaint = await this.#events.lastAbout(metadata);
      if (complaint !== undefined && complaint !== 'Unknown') complaints.set(metadata.uid, complaint);
    }
    return complaints;
  }
}

/** Its node has begun to prepare it, and nobody has told it to end. */
export function isPreparing({ preparingSince, deadline }: ChildPod): boolean {
  return preparingSince !== undefined && deadline === undefined;
}
