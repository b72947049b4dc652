import type { CallOptions, KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { ChildPod } from './children.ts';
import { RecentEvents } from './recent-events.ts';

/** How long a pod may take to mount its volumes before anyone asks why it has not begun. */
export const mountSeconds = 15;

/** What pods wait for that have a node and don't begin: that a volume can't be mounted, nothing but an Event says. */
export class UnmountedPods {
  readonly #clock: Clock;
  readonly #events: RecentEvents;

  constructor(client: Pick<KubeClient, 'list'>, clock: Clock) {
    this.#clock = clock;
    this.#events = new RecentEvents(client, clock, 'involvedObject.kind=Pod,reason=FailedMount');
  }

  /** What the cluster says of each, by the UID of the pod. */
  async messagesFor(pods: readonly ChildPod[], call: CallOptions): Promise<ReadonlyMap<string, string>> {
    const messages = new Map<string, string>();
    for (const { metadata, createdAt } of pods) {
      if (this.#clock.now().getTime() - Date.parse(createdAt) < mountSeconds * 1000) continue;
      const said = await this.#events.lastAbout(metadata, call);
      if (said !== undefined) messages.set(metadata.uid, said);
    }
    return messages;
  }
}

/** It has a node, and its container has said nothing yet. */
export function isBeginning({ phase, node, waiting, deadline }: ChildPod): boolean {
  return phase === 'Pending' && node !== undefined && waiting === undefined && deadline === undefined;
}
