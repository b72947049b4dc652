import type { Why } from '../decide/observed.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import type { AcceptedJob } from './accept-job.ts';
import { volumeClaims } from './kube-objects.ts';

/** How long what was read of a claim is believed; its access modes never change, but it may be made anew. */
const trustedSeconds = 300;
/** A claim that is missing may come any time, and one that can't be used may be made anew. */
const missingSeconds = 10;

export interface ClaimFacts {
  /** All pods of the job must be on one node at a time. */
  readonly onOneNode: boolean;
  /** Conditions that say so. */
  readonly notices: readonly (Why & { readonly type: string })[];
  /** Why the claims can't serve several pods at all. */
  readonly unusable: string | undefined;
}

interface Known {
  /** Undefined while there is no such claim. */
  readonly accessModes: readonly string[] | undefined;
  readonly until: number;
}

/** What the access modes of a job's claims mean for its pods. */
export class Claims {
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(client: Pick<KubeClient, 'get'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async factsOf(namespace: string, { compiled }: AcceptedJob, call: CallOptions): Promise<ClaimFacts> {
    const names = (compiled.spec.pod.volumes ?? []).flatMap(({ persistentVolumeClaim: claim }) =>
      claim === undefined ? [] : [claim.claimName],
    );
    const modes = new Map<string, readonly string[] | undefined>();
    for (const name of names) modes.set(name, await this.#accessModes(namespace, name, call));
    const only = (mode: string): string[] =>
      [...modes]
        .filter(([, accessModes]) => accessModes?.length === 1 && accessModes[0] === mode)
        .map(([name]) => name);
    const [single] = only('ReadWriteOncePod');
    const [onNode] = only('ReadWriteOnce');
    return {
      unusable:
        single === undefined
          ? undefined
          : `The claim ${single} is ReadWriteOncePod: only one pod may have it, but a job's pods run side by side. Use ReadWriteMany, or ReadWriteOnce for a job on one node.`,
      onOneNode: onNode !== undefined,
      notices:
        onNode === undefined
          ? []
          : [
              {
                type: 'SingleNode',
                reason: 'ReadWriteOnce',
                message: `The claim ${onNode} is ReadWriteOnce, so all pods of the job are put on one node at a time: no more units run at once than it has devices. ReadWriteMany lets them use several nodes.`,
              },
            ],
    };
  }

  async #accessModes(namespace: string, name: string, call: CallOptions): Promise<Known['accessModes']> {
    const key = `${namespace}/${name}`;
    const now = this.#clock.seconds();
    const known = this.#known.get(key);
    if (known !== undefined && known.until > now) return known.accessModes;
    const claim = await this.#client.get(volumeClaims, { namespace, name }, call);
    const accessModes = claim?.spec.accessModes;
    this.#known.set(key, {
      accessModes,
      until: now + (isUsable(accessModes) ? trustedSeconds : missingSeconds),
    });
    return accessModes;
  }
}

function isUsable(accessModes: Known['accessModes']): boolean {
  return accessModes !== undefined && accessModes.join() !== 'ReadWriteOncePod';
}
