import { canonicalJson } from '../../common/digest.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { transitionsOf } from '../decide/transitions.ts';
import { isApiError } from '../kube/api-error.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import { distillationJobs, type DistillationJobObject } from './kube-objects.ts';

/** Between two writes that only bring figures up to date. */
const refreshSeconds = 30;
/** Such writes over all jobs. */
const refreshesPerSecond = 20;

interface Written {
  readonly resourceVersion: string;
  readonly seconds: number;
  /** Present where the server has kept something else. */
  readonly pruned?: { readonly status: DistillationJobStatus; readonly kept: string };
}

export type WriteOutcome =
  /** The resource has this status now. */
  | { readonly kind: 'Current' }
  | { readonly kind: 'Written' }
  /** Only figures differ, and it is too early to write them. */
  | { readonly kind: 'Later'; readonly seconds: number }
  /** The resource is not what the status was decided on any more. */
  | { readonly kind: 'Conflict' };

/**
 * Writes statuses: what has happened at once, figures that move now and then. Each write carries the version that it was
 * decided on, so that of two operators only one can go on.
 */
export class StatusWriter {
  readonly #client: Pick<KubeClient, 'updateStatus'>;
  readonly #clock: Clock;
  readonly #written = new Map<string, Written>();
  #refreshAt = 0;

  constructor(client: Pick<KubeClient, 'updateStatus'>, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Whether a copy is older than what was written last: nothing may be decided on it. */
  isBehind({ metadata: { uid = '', resourceVersion = '' } }: DistillationJobObject): boolean {
    const written = this.#written.get(uid);
    return written !== undefined && isOlder(resourceVersion, written.resourceVersion);
  }

  /**
   * With all that was written last, also what the server has no place for, because its definition of the resource is older
   * than this operator: otherwise that would be news for ever.
   */
  asWritten(object: DistillationJobObject): DistillationJobObject {
    const pruned = this.#written.get(object.metadata.uid ?? '')?.pruned;
    const isOurs = pruned !== undefined && pruned.kept === canonicalJson(object.status ?? {});
    return isOurs ? { ...object, status: pruned.status } : object;
  }

  forget(uid: string): void {
    this.#written.delete(uid);
  }

  async write(
    object: DistillationJobObject,
    status: DistillationJobStatus,
    call: CallOptions,
  ): Promise<WriteOutcome> {
    const previous = object.status ?? {};
    if (canonicalJson(previous) === canonicalJson(status)) return { kind: 'Current' };
    if (transitionsOf(previous) === transitionsOf(status)) {
      const seconds = this.#secondsToRefresh(object.metadata.uid ?? '');
      if (seconds > 0) return { kind: 'Later', seconds };
    }
    try {
      const answer = await this.#client.updateStatus(distillationJobs, { ...object, status }, call);
      const { uid = '', resourceVersion = '' } = answer.metadata;
      const kept = canonicalJson(answer.status ?? {});
      const pruned = kept === canonicalJson(status) ? {} : { pruned: { status, kept } };
      this.#written.set(uid, { resourceVersion, seconds: this.#clock.seconds(), ...pruned });
      return { kind: 'Written' };
    } catch (error) {
      if (isApiError(error, 'Conflict', 'NotFound')) return { kind: 'Conflict' };
      throw error;
    }
  }

  /** Zero takes a turn. */
  #secondsToRefresh(uid: string): number {
    const now = this.#clock.seconds();
    const own = (this.#written.get(uid)?.seconds ?? -Infinity) + refreshSeconds - now;
    const all = this.#refreshAt - now;
    if (own > 0 || all > 0) return Math.max(own, all);
    this.#refreshAt = Math.max(now, this.#refreshAt) + 1 / refreshesPerSecond;
    return 0;
  }
}

/**
 * Versions are decimal numbers that grow, as the API has promised since Kubernetes 1.35; on a server whose versions are
 * anything else, another version counts as newer.
 */
function isOlder(version: string, than: string): boolean {
  if (version === than || !/^\d+$/.test(version) || !/^\d+$/.test(than)) return false;
  return version.length === than.length ? version < than : version.length < than.length;
}
