import { labels, stageLabels } from '../../../operator/cluster/names.ts';
import { isExpired } from '../../../operator/kube/api-error.ts';
import type { KubeClient } from '../../../operator/kube/client.ts';
import { systemClock, type Clock } from '../../../operator/kube/clock.ts';
import type { KubeObject, Resource } from '../../../operator/kube/resource.ts';
import type { WatchEvent } from '../../../operator/kube/watch.ts';
import { jobs, pods, type JobObject, type PodObject } from '../../chaos/objects.ts';

/** When things happened, in seconds of the benchmark's own clock. */
export interface Timeline {
  /** Of each Job that was created, by stage. */
  readonly created: Readonly<Record<'prepare' | 'distill' | 'finetune', readonly number[]>>;
  /** From the end of the pod of a job's last block until its finetune Job was there. */
  readonly finetuneLatencies: readonly number[];
  /** The same from when the last block's Job was Complete, about a second after its pod's end; 0 for earlier. */
  readonly finetuneAfterJob: readonly number[];
}

/** Watches Jobs and pods, and notes when each was created or ended. */
export class TimelineWatch implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  readonly #created = { prepare: [] as number[], distill: [] as number[], finetune: [] as number[] };
  readonly #finetuneAt = new Map<string, number>();
  readonly #lastBlockAt = new Map<string, number>();
  readonly #lastJobAt = new Map<string, number>();
  readonly #ended = new Set<string>();
  #watching: Promise<unknown> = Promise.resolve();

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  static async start(client: KubeClient, clock = systemClock): Promise<TimelineWatch> {
    const timeline = new TimelineWatch(clock);
    const [jobList, podList] = [await client.list(jobs), await client.list(pods)];
    timeline.#watching = Promise.all([
      timeline.#watch(client, jobs, {
        from: jobList.resourceVersion,
        take: (event) => timeline.takeJob(event),
      }),
      timeline.#watch(client, pods, {
        from: podList.resourceVersion,
        take: (event) => timeline.takePod(event),
      }),
    ]);
    return timeline;
  }

  /** For tests, and for the watch. */
  static empty(clock: Clock): TimelineWatch {
    return new TimelineWatch(clock);
  }

  count(stage: keyof Timeline['created']): number {
    return this.#created[stage].length;
  }

  read(): Timeline {
    const after = (ends: ReadonlyMap<string, number>): number[] =>
      [...this.#finetuneAt].flatMap(([jobUid, at]) => {
        const end = ends.get(jobUid);
        // Two watches may bring two events in the other order, a moment apart.
        return end === undefined ? [] : [Math.max(0, at - end)];
      });
    return {
      created: this.#created,
      finetuneLatencies: after(this.#lastBlockAt),
      finetuneAfterJob: after(this.#lastJobAt),
    };
  }

  takeJob(event: WatchEvent<JobObject>): void {
    if (event.type !== 'ADDED' && event.type !== 'MODIFIED') return;
    const { metadata, status } = event.object;
    const stage = metadata.labels?.[labels.stage] ?? '';
    const jobUid = metadata.labels?.[labels.jobUid] ?? '';
    if (!isStage(stage)) return;
    const now = this.#clock.seconds();
    if (event.type === 'ADDED') {
      this.#created[stage].push(now);
      if (stage === stageLabels.Finetune) this.#finetuneAt.set(jobUid, now);
      return;
    }
    const isComplete = status?.conditions?.some((each) => each.type === 'Complete' && each.status === 'True');
    const { uid = '' } = metadata;
    if (stage !== stageLabels.Distill || !isComplete || this.#ended.has(uid)) return;
    this.#ended.add(uid);
    this.#lastJobAt.set(jobUid, now);
  }

  takePod(event: WatchEvent<PodObject>): void {
    if (event.type !== 'MODIFIED') return;
    const { metadata, status } = event.object;
    const { uid = '', labels: own = {} } = metadata;
    if (own[labels.stage] !== stageLabels.Distill || status?.phase !== 'Succeeded' || this.#ended.has(uid))
      return;
    this.#ended.add(uid);
    this.#lastBlockAt.set(own[labels.jobUid] ?? '', this.#clock.seconds());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#watching;
  }

  async #watch<T extends KubeObject>(
    client: KubeClient,
    resource: Resource<T>,
    { from, take }: { from: string; take: (event: WatchEvent<T>) => void },
  ): Promise<void> {
    const { signal } = this.#stopped;
    let resourceVersion = from;
    while (!signal.aborted) {
      const options = { resourceVersion, timeoutSeconds: 600, silenceSeconds: 150, signal };
      try {
        for await (const event of client.watch(resource, { ...options, labelSelector: labels.jobUid })) {
          take(event);
          resourceVersion = event.object.metadata.resourceVersion ?? resourceVersion;
        }
      } catch (error) {
        // A hole in the timeline makes every figure wrong.
        if (!signal.aborted && isExpired(error)) throw error;
      }
    }
  }
}

function isStage(text: string): text is keyof Timeline['created'] {
  return text === 'prepare' || text === 'distill' || text === 'finetune';
}
