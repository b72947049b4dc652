import { BlockstillError } from '../../common/error.ts';
import { isMissingObject } from './api-error.ts';
import { systemClock, type Clock } from './clock.ts';
import type { Connection } from './connection.ts';
import { listAll, type ListOptions, type ObjectList } from './list.ts';
import { requestJson, type RequestObserver, type Transport } from './request.ts';
import {
  apiVersionOf,
  collectionPath,
  objectPath,
  type KubeObject,
  type ObjectReference,
  type Resource,
} from './resource.ts';
import { Slots } from './slots.ts';
import { streamBytes, type StreamOptions } from './stream.ts';
import { TokenBucket } from './token-bucket.ts';
import { watchEvents, type WatchEvent, type WatchOptions } from './watch.ts';

export interface KubeClientOptions {
  readonly connection: Connection;
  /** The owner of the fields that this client writes, and the first word of its user agent. */
  readonly fieldManager: string;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Requests a second on average and at once; unlimited where there is none. */
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  readonly timeoutSeconds?: number;
  /** How often a request is sent until it is given up, the first time included: few where a person waits. */
  readonly attempts?: number;
  readonly observer?: RequestObserver;
  /** Called right before each request goes out; what it throws keeps the request from going. */
  readonly guard?: NonNullable<Transport['guard']>;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export type Patch =
  /** RFC 7386: `null` removes a field, a list is replaced. With `metadata.resourceVersion` it is conditional. */
  | { readonly type: 'Merge'; readonly body: Readonly<Record<string, unknown>> }
  /** RFC 6902. */
  | { readonly type: 'Json'; readonly body: readonly JsonPatchOperation[] }
  /** Server-side apply: creates the object, or makes the fields named in it what they are here. */
  | { readonly type: 'Apply'; readonly body: KubeObject; readonly force?: boolean };

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

export interface DeleteOptions extends CallOptions {
  /** Only if it is still this object, and not another of the same name; else `Conflict`. */
  readonly uid?: string;
  /** Only if nobody has changed it; else `Conflict`. */
  readonly resourceVersion?: string;
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
  readonly gracePeriodSeconds?: number;
}

/** More would cost memory, for the buffers of their connections, and gain nothing. */
const requestsAtOnce = 32;

const patchContentTypes = {
  Merge: 'application/merge-patch+json',
  Json: 'application/json-patch+json',
  Apply: 'application/apply-patch+yaml',
} as const satisfies Record<Patch['type'], string>;

/**
 * The Kubernetes API as JSON: nothing is left out or converted on the way in or out, so fields of a newer API survive and
 * times are strings.
 *
 * Each method throws ApiError for what the API refuses, ConnectionError, BlockstillError `cluster/timeout`, or the reason
 * of its signal.
 */
export class KubeClient {
  readonly #transport: Transport;
  readonly #fieldManager: string;

  constructor(options: KubeClientOptions) {
    const { connection, fieldManager, rate, clock = systemClock, random = Math.random } = options;
    this.#fieldManager = fieldManager;
    this.#transport = {
      connection,
      clock,
      limiter: rate === undefined ? undefined : new TokenBucket({ clock, ...rate }),
      userAgent: `${fieldManager} (node ${process.version})`,
      timeoutSeconds: options.timeoutSeconds ?? 60,
      slots: new Slots(requestsAtOnce),
      retry: { attempts: options.attempts ?? 5, baseSeconds: 0.5, maximumSeconds: 30, random },
      observer: options.observer,
      guard: options.guard,
    };
  }

  /** The object, or undefined when there is none of this name. An unknown resource is an error. */
  async get<T extends KubeObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    { signal }: CallOptions = {},
  ): Promise<T | undefined> {
    const path = objectPath(resource, reference);
    try {
      return (await requestJson(this.#transport, { method: 'GET', path, repeatable: true, signal })) as T;
    } catch (error) {
      if (isMissingObject(error, reference.name)) return undefined;
      throw error;
    }
  }

  /**
   * All objects that match, in pages of `limit`, as they were at one moment. `project` makes of each what the caller keeps
   * of it, so that a page can go before the next one comes.
   */
  async list<T extends KubeObject, P = T>(
    resource: Resource<T>,
    options: ListOptions = {},
    project: (object: T) => P = (object) => object as unknown as P,
  ): Promise<ObjectList<P>> {
    return await listAll(this.#transport, resource, { ...options, project });
  }

  /** Changes after a resource version; see {@link watchEvents} for how it ends. */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    return watchEvents(this.#transport, resource, options);
  }

  /** What a subresource says that is no JSON, such as the `log` of a pod; see {@link streamBytes}. Sent once. */
  async stream(
    resource: Resource,
    reference: ObjectReference,
    { subresource, ...options }: StreamOptions & { readonly subresource: string },
  ): Promise<AsyncIterable<Uint8Array>> {
    return await streamBytes(this.#transport, objectPath(resource, reference, subresource), options);
  }

  /** Sent once unless it surely did not arrive: a second one might be refused because of the first. */
  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    { signal }: CallOptions = {},
  ): Promise<T> {
    const { namespace } = object.metadata;
    return await this.#write(resource, object, {
      method: 'POST',
      path: collectionPath(resource, namespace),
      repeatable: false,
      signal,
    });
  }

  /** Replaces an object as it was at its `resourceVersion`; `Conflict` when somebody has changed it since. */
  async replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    { signal }: CallOptions = {},
  ): Promise<T> {
    const { name = '', namespace, resourceVersion } = object.metadata;
    const path = objectPath(resource, { namespace, name });
    if (!resourceVersion) throw unconditionalWrite(path);
    return await this.#write(resource, object, { method: 'PUT', path, repeatable: true, signal });
  }

  /**
   * Replaces the status of an object as it was at its `resourceVersion`, and nothing else of it; `Conflict` when somebody
   * has changed it since, or it is another object of the same name.
   *
   * It is a patch, since a whole object would need everybody's labels and annotations in it: the server keeps those that
   * are missing, but has them owned by nobody from then on, and whoever applied them can't take them away any more.
   */
  async updateStatus<T extends KubeObject & { readonly status?: unknown }>(
    resource: Resource<T>,
    object: T,
    { signal }: CallOptions = {},
  ): Promise<T> {
    const { name = '', namespace, resourceVersion } = object.metadata;
    const path = objectPath(resource, { namespace, name }, 'status');
    if (!resourceVersion) throw unconditionalWrite(path);
    const answer = await requestJson(this.#transport, {
      method: 'PATCH',
      path,
      query: { fieldManager: this.#fieldManager },
      body: [
        // Versions are never used twice, not even by another object of the same name.
        { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
        { op: 'add', path: '/status', value: object.status },
      ],
      contentType: patchContentTypes.Json,
      repeatable: true,
      signal,
    });
    return answer as T;
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    { patch, subresource, signal }: CallOptions & { readonly patch: Patch; readonly subresource?: 'status' },
  ): Promise<T> {
    const { type } = patch;
    const force = type === 'Apply' && patch.force ? 'true' : undefined;
    const answer = await requestJson(this.#transport, {
      method: 'PATCH',
      path: objectPath(resource, reference, subresource),
      query: { fieldManager: this.#fieldManager, force },
      body: type === 'Apply' ? withType(resource, patch.body) : patch.body,
      contentType: patchContentTypes[type],
      // `add` to a list adds once more.
      repeatable: type !== 'Json',
      signal,
    });
    return answer as T;
  }

  /** Answers false when there was no such object. */
  async delete(
    resource: Resource,
    reference: ObjectReference,
    { uid, resourceVersion, propagation, gracePeriodSeconds, signal }: DeleteOptions = {},
  ): Promise<boolean> {
    const conditional = uid !== undefined || resourceVersion !== undefined;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: propagation,
      gracePeriodSeconds,
      preconditions: conditional ? { uid, resourceVersion } : undefined,
    };
    const path = objectPath(resource, reference);
    try {
      // Without a precondition a second one could hit a new object of the same name.
      await requestJson(this.#transport, { method: 'DELETE', path, body, repeatable: conditional, signal });
      return true;
    } catch (error) {
      if (isMissingObject(error, reference.name)) return false;
      throw error;
    }
  }

  async #write<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    request: Pick<Parameters<typeof requestJson>[1], 'method' | 'path' | 'repeatable' | 'signal'>,
  ): Promise<T> {
    const answer = await requestJson(this.#transport, {
      ...request,
      query: { fieldManager: this.#fieldManager },
      body: withType(resource, object),
    });
    return answer as T;
  }
}

function unconditionalWrite(where: string): BlockstillError {
  const message = 'A write needs the version it was decided on.';
  return new BlockstillError('cluster/unconditional-write', message, { where });
}

function withType<T extends KubeObject>(resource: Resource, object: T): T {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}
