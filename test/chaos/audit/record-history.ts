import { isExpired } from '../../../operator/kube/api-error.ts';
import type { KubeClient } from '../../../operator/kube/client.ts';
import { sleep, systemClock } from '../../../operator/kube/clock.ts';
import type { KubeObject, Resource } from '../../../operator/kube/resource.ts';
import { waitFor } from '../../cluster/wait-for.ts';
import { distillationJobs, jobs, pods } from '../objects.ts';
import {
  jobRecord,
  podRecord,
  resourceRecord,
  type History,
  type HistoryEvent,
  type Record,
} from './history.ts';

export interface HistoryRecorder extends AsyncDisposable {
  /** What has been heard of so far. */
  read(): History;
  /** Waits until a moment has come that it looks for in the history. */
  until(what: string, isThere: (history: History) => boolean, seconds?: number): Promise<void>;
}

const pauseSeconds = 0.2;

/**
 * Writes down every event of Jobs, pods and DistillationJobs from now on. It watches by itself, without the operator's
 * reflector; when a watch ends it goes on from the last resourceVersion, and what the server no longer knows then is a
 * gap.
 */
export async function recordHistory(client: KubeClient): Promise<HistoryRecorder> {
  const stopped = new AbortController();
  const { signal } = stopped;
  const events: HistoryEvent[] = [];
  const gaps: string[] = [];

  async function record<T extends KubeObject>(
    resource: Resource<T>,
    from: string,
    recordOf: (object: T) => Record,
  ): Promise<void> {
    let resourceVersion = from;
    while (!signal.aborted) {
      try {
        const watch = client.watch(resource, {
          resourceVersion,
          timeoutSeconds: 600,
          silenceSeconds: 150,
          signal,
        });
        for await (const { type, object } of watch) {
          resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
          if (type === 'BOOKMARK') continue;
          const revision = Number(resourceVersion);
          events.push({ type, object: recordOf(object), revision, seconds: systemClock.seconds() });
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isExpired(error)) {
          gaps.push(`Events of ${resource.plural} after resourceVersion ${resourceVersion} are lost.`);
          return;
        }
        await sleep(systemClock, pauseSeconds, signal).catch(() => undefined);
      }
    }
  }

  const begin = async <T extends KubeObject>(
    resource: Resource<T>,
    recordOf: (object: T) => Record,
  ): Promise<() => Promise<void>> => {
    const { items, resourceVersion } = await client.list(resource);
    if (items.length > 0) gaps.push(`There were ${resource.plural} before the history began.`);
    return async () => await record(resource, resourceVersion, recordOf);
  };
  const watches = [
    await begin(distillationJobs, resourceRecord),
    await begin(jobs, jobRecord),
    await begin(pods, podRecord),
  ];
  const running = watches.map(async (watch) => await watch());
  const read = (): History => ({
    events: events.toSorted((a, b) => a.revision - b.revision),
    gaps: [...gaps],
  });
  return {
    read,
    until: async (what, isThere, seconds) => {
      await waitFor(what, async () => (isThere(read()) ? true : undefined), seconds);
    },
    [Symbol.asyncDispose]: async () => {
      stopped.abort();
      await Promise.all(running);
    },
  };
}
