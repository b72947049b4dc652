import { randomBytes } from 'node:crypto';
import { isApiError } from './api-error.ts';
import type { KubeClient } from './client.ts';
import type { Clock } from './clock.ts';
import { unlessAborted } from './deadline.ts';
import { fitBytes } from './fit-bytes.ts';
import { microTime } from './micro-time.ts';
import type { KubeObject, Resource } from './resource.ts';

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch'>;
  readonly clock: Clock;
  /** Who reports, as a qualified name: `blockstill.dev/operator`. */
  readonly component: string;
  /** Which of them: the pod. */
  readonly instance: string;
  /** An event that could not be written is lost; nothing waits for it. */
  onProblem(error: unknown): void;
}

export interface EventToRecord {
  readonly regarding: RegardedObject;
  readonly type: 'Normal' | 'Warning';
  /** Why, one word in CamelCase. */
  readonly reason: string;
  /** What was done or failed, one word in CamelCase. */
  readonly action: string;
  /** A sentence; cut at 1,024 bytes. */
  readonly note: string;
}

export interface RegardedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
}

/** `events.k8s.io/v1` Event. */
interface KubeEvent extends KubeObject {
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

const events: Resource<KubeEvent> = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

/** An event and its repetitions. */
interface Series {
  readonly event: EventToRecord;
  readonly group: string;
  readonly eventTime: string;
  name: string;
  count: number;
  writtenCount: number;
  lastObservedTime: string;
  lastSeconds: number;
}

/** A repetition within this time belongs to the series; and every so often a series that grows is written. */
const seriesSeconds = 360;

/** Notes that differ, for one reason and one object, within the time of a series: a job with many blocks has that many. */
const distinctNotes = 200;

/** Writes that may wait; what comes while the API is that slow is dropped. */
const longestBacklog = 1000;

/**
 * Records what happened to objects. What is repeated becomes one Event that is counted (its series): the first repetition
 * is written at once, later ones every six minutes. Unlike client-go's recorder, events whose notes differ are different
 * events, until there are so many that the rest is counted in one.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #series = new Map<string, Series>();
  readonly #sizes = new Map<string, number>();
  readonly #backlog: (() => Promise<void>)[] = [];
  #writing: Promise<void> | undefined;
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Returns at once; the event is written when its turn comes. */
  record(event: EventToRecord): void {
    if (this.#closed) return;
    const { clock } = this.#options;
    const group = JSON.stringify([event.regarding.uid, event.type, event.reason, event.action]);
    const lastObservedTime = microTime(clock.now());
    const key = this.#keyOf(group, event);
    const known = this.#series.get(key);
    if (known !== undefined && clock.seconds() - known.lastSeconds <= seriesSeconds) {
      known.count += 1;
      known.lastObservedTime = lastObservedTime;
      known.lastSeconds = clock.seconds();
      if (known.count === 2) this.#enqueue(async () => await this.#writeSeries(known));
      return;
    }
    if (known !== undefined) this.#finish(key, known);
    const series: Series = {
      event,
      group,
      eventTime: lastObservedTime,
      name: nameFor(event.regarding),
      count: 1,
      writtenCount: 0,
      lastObservedTime,
      lastSeconds: clock.seconds(),
    };
    this.#series.set(key, series);
    this.#sizes.set(group, (this.#sizes.get(group) ?? 0) + 1);
    this.#enqueue(async () => await this.#create(series));
    this.#cancelSweep ??= clock.after(seriesSeconds, () => this.#sweep());
  }

  /** Writes what is left, unless the signal is aborted before, and records no more. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    this.#cancelSweep?.();
    for (const [key, series] of this.#series) this.#finish(key, series);
    if (this.#writing === undefined) return;
    try {
      await unlessAborted(this.#writing, signal);
    } catch (error) {
      this.#backlog.length = 0;
      this.#options.onProblem(error);
    }
  }

  /** The event's own series, or the one that takes in all of its group when there are too many. */
  #keyOf(group: string, { note }: EventToRecord): string {
    const own = `${group}${note}`;
    return this.#series.has(own) || (this.#sizes.get(group) ?? 0) < distinctNotes ? own : group;
  }

  #sweep(): void {
    const { clock } = this.#options;
    for (const [key, series] of this.#series) {
      if (clock.seconds() - series.lastSeconds >= seriesSeconds) this.#finish(key, series);
      else this.#enqueueGrown(series);
    }
    this.#cancelSweep = this.#series.size === 0 ? undefined : clock.after(seriesSeconds, () => this.#sweep());
  }

  #finish(key: string, series: Series): void {
    this.#enqueueGrown(series);
    this.#series.delete(key);
    const size = (this.#sizes.get(series.group) ?? 1) - 1;
    if (size === 0) this.#sizes.delete(series.group);
    else this.#sizes.set(series.group, size);
  }

  #enqueueGrown(series: Series): void {
    if (series.count > Math.max(1, series.writtenCount)) {
      this.#enqueue(async () => await this.#writeSeries(series));
    }
  }

  #enqueue(write: () => Promise<void>): void {
    if (this.#backlog.length >= longestBacklog) return;
    this.#backlog.push(write);
    this.#writing ??= this.#writeBacklog();
  }

  async #writeBacklog(): Promise<void> {
    for (let write = this.#backlog.shift(); write !== undefined; write = this.#backlog.shift()) {
      try {
        await write();
      } catch (error) {
        this.#options.onProblem(error);
      }
    }
    this.#writing = undefined;
  }

  async #create(series: Series): Promise<void> {
    const { client, component, instance } = this.#options;
    const { event, name, eventTime, count, lastObservedTime } = series;
    const { regarding, type, reason, action, note } = event;
    const body = {
      metadata: { name, namespace: namespaceOf(regarding) },
      eventTime,
      reportingController: component,
      reportingInstance: fitBytes(instance, 128),
      action,
      reason,
      regarding,
      note: fitBytes(note, 1024),
      type,
      ...(count < 2 ? {} : { series: { count, lastObservedTime } }),
    };
    await client.create(events, body);
    series.writtenCount = count;
  }

  async #writeSeries(series: Series): Promise<void> {
    const { count, lastObservedTime, name, event } = series;
    if (count <= series.writtenCount) return;
    const patch = { type: 'Merge', body: { series: { count, lastObservedTime } } } as const;
    try {
      const reference = { namespace: namespaceOf(event.regarding), name };
      await this.#options.client.patch(events, reference, { patch });
      series.writtenCount = count;
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
      // It was never written, or the cluster has dropped it, as it does after an hour.
      series.name = nameFor(event.regarding);
      await this.#create(series);
    }
  }
}

/** Events about objects without a namespace are in `default`, as the API demands. */
function namespaceOf({ namespace }: RegardedObject): string {
  return namespace ?? 'default';
}

/** The object's name, cut so that the whole is a valid name, and what makes it unique. */
function nameFor({ name }: RegardedObject): string {
  const stem = name.slice(0, 236).replace(/[^a-z0-9]+$/, '');
  return `${stem}.${randomBytes(8).toString('hex')}`;
}
