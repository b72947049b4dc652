import { BlockstillError } from '../../common/error.ts';
import { ApiError, isExpired } from './api-error.ts';
import type { KubeClient } from './client.ts';
import { sleep, type Clock } from './clock.ts';
import { ConnectionError } from './connection-error.ts';
import type { ObjectList, Selection } from './list.ts';
import type { KubeObject, Resource } from './resource.ts';
import { Store, type Indices, type ReadonlyStore, type StoreChange, type StoredObject } from './store.ts';
import type { WatchEvent, WatchOptions } from './watch.ts';

/** Where a reflector gets its objects from. */
export interface ListWatch<T extends KubeObject> {
  list<P>(project: (object: T) => P, signal: AbortSignal): Promise<ObjectList<P>>;
  watch(options: Omit<WatchOptions, keyof Selection>): AsyncGenerator<WatchEvent<T>>;
}

/** The objects of a resource that match a selection: the same for list and watch. */
export function listWatch<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  selection: Selection = {},
): ListWatch<T> {
  return {
    list: async (project, signal) => await client.list(resource, { ...selection, signal }, project),
    watch: (options) => client.watch(resource, { ...selection, ...options }),
  };
}

export interface ReflectorOptions<T extends KubeObject, P extends StoredObject, I extends string> {
  readonly source: ListWatch<T>;
  readonly indices: Indices<P, I>;
  readonly clock: Clock;
  /** In [0, 1): watches that began together end apart. */
  random(): number;
  /** What is kept of an object: only the fields in use. */
  project(object: T): P;
  /** Called for each change, in order, after the store has taken it in. */
  onChange(change: StoreChange<P>): void;
  /** What went wrong on the way; it is tried again by itself. */
  onProblem(error: BlockstillError): void;
  /** How long a list is trusted before everything is listed again though no event seems to be missing. */
  readonly relistSeconds?: number;
}

const shortestWatchSeconds = 300;
const silenceSeconds = 150;
const firstBackoffSeconds = 0.8;
const longestBackoffSeconds = 30;
/** After so long without a failure the next one counts as the first. */
const calmSeconds = 120;

/**
 * Keeps a store like what the cluster has: lists, then follows the changes, and lists again when the server has forgotten
 * where the reflector was. It never gives up; `secondsSinceContact` says how old its view may be.
 */
export class Reflector<T extends KubeObject, P extends StoredObject, I extends string = never> {
  readonly #options: ReflectorOptions<T, P, I>;
  readonly #store: Store<P, I>;
  readonly #synced = Promise.withResolvers<void>();
  #isSynced = false;
  /** Up to where changes are in the store; undefined when that is not known, and everything must be listed. */
  #resourceVersion: string | undefined;
  #listedAt = 0;
  /** It has lost its position, and what has come and gone since is unknown. */
  #isBlind = true;
  #completeSince: Date | undefined;
  #contactAt: number;
  #failures = 0;
  #failedAt = -Infinity;

  constructor(options: ReflectorOptions<T, P, I>) {
    this.#options = options;
    this.#store = new Store(options.indices);
    this.#contactAt = options.clock.seconds();
  }

  get store(): ReadonlyStore<P, I> {
    return this.#store;
  }

  /** Resolves after the first list is in the store. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Whether the first list is in the store. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** How long nothing has been heard of the server: on a quiet resource a bookmark comes about once a minute. */
  secondsSinceContact(): number {
    return this.#options.clock.seconds() - this.#contactAt;
  }

  /** Since when no object can have come and gone unseen; undefined before the first list. */
  get completeSince(): Date | undefined {
    return this.#completeSince;
  }

  /** Runs until the signal is aborted. What `project` and `onChange` throw ends it: that is a defect. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, relistSeconds = 3600, onProblem } = this.#options;
    while (!signal.aborted) {
      if (clock.seconds() - this.#listedAt >= relistSeconds) this.#resourceVersion = undefined;
      const failure =
        this.#resourceVersion === undefined ? await this.#list(signal) : await this.#follow(signal);
      if (failure === undefined || signal.aborted) continue;
      if (!keepsPosition(failure)) {
        this.#resourceVersion = undefined;
        this.#isBlind = true;
      }
      if (!isExpired(failure)) onProblem(failure);
      await sleep(clock, this.#backoffSeconds(failure), signal).catch(() => signal.aborted);
    }
  }

  async #list(signal: AbortSignal): Promise<BlockstillError | undefined> {
    const { source, project, onChange, clock } = this.#options;
    let list: ObjectList<P>;
    try {
      list = await source.list(project, signal);
    } catch (error) {
      return asFailure(error, signal);
    }
    this.#resourceVersion = list.resourceVersion;
    this.#listedAt = clock.seconds();
    if (this.#isBlind) this.#completeSince = clock.now();
    this.#isBlind = false;
    this.#heard();
    for (const change of this.#store.replace(list.items)) onChange(change);
    this.#isSynced = true;
    this.#synced.resolve();
    return undefined;
  }

  async #follow(signal: AbortSignal): Promise<BlockstillError | undefined> {
    const { source, clock, random } = this.#options;
    const startedAt = clock.seconds();
    const timeoutSeconds = shortestWatchSeconds * (1 + random());
    const resourceVersion = this.#resourceVersion ?? '';
    const watch = source.watch({ resourceVersion, timeoutSeconds, silenceSeconds, signal });
    let events = 0;
    try {
      for (;;) {
        let next: IteratorResult<WatchEvent<T>>;
        try {
          next = await watch.next();
        } catch (error) {
          return asFailure(error, signal);
        }
        if (next.done) break;
        events += 1;
        this.#heard();
        this.#take(next.value);
      }
    } finally {
      await watch.return(undefined);
    }
    if (events > 0 || clock.seconds() - startedAt >= 1) {
      this.#heard();
      return undefined;
    }
    return new BlockstillError('cluster/watch-short', 'The server ended the watch at once.');
  }

  #take(event: WatchEvent<T>): void {
    const { project, onChange } = this.#options;
    if (event.type !== 'BOOKMARK') {
      const object = project(event.object);
      const changes = event.type === 'DELETED' ? this.#store.remove(object) : this.#store.apply(object);
      for (const change of changes) onChange(change);
    }
    this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion;
  }

  #heard(): void {
    this.#contactAt = this.#options.clock.seconds();
  }

  /** Longer and longer while failures follow each other; none where a single one is nothing out of the ordinary. */
  #backoffSeconds(failure: BlockstillError): number {
    const now = this.#options.clock.seconds();
    if (now - this.#failedAt > calmSeconds) this.#failures = 0;
    this.#failedAt = now;
    this.#failures += 1;
    const atOnce = isExpired(failure) || failure.code === 'cluster/watch-silent';
    if (atOnce && this.#failures === 1) return 0;
    const asked = failure instanceof ApiError ? (failure.retryAfterSeconds ?? 0) : 0;
    const backoff = Math.min(longestBackoffSeconds, firstBackoffSeconds * 2 ** (this.#failures - 1));
    return Math.max(asked, backoff * (0.5 + this.#options.random() / 2));
  }
}

/** Whether the watch may go on from where it was. */
function keepsPosition(failure: BlockstillError): boolean {
  if (failure instanceof ApiError) return failure.httpStatus === 429;
  return failure instanceof ConnectionError || restartable.has(failure.code);
}

const restartable: ReadonlySet<string> = new Set([
  'cluster/watch-silent',
  'cluster/watch-short',
  'cluster/timeout',
  'cluster/no-credentials',
]);

/** What the source reports; anything else that it throws is a defect, but for the end of the signal. */
function asFailure(error: unknown, signal: AbortSignal): BlockstillError | undefined {
  if (signal.aborted) return undefined;
  if (error instanceof BlockstillError) return error;
  throw error;
}
