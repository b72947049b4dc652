import { ApiError, type ApiStatus } from '../../kube/api-error.ts';
import type { DeleteOptions, KubeClient, Patch } from '../../kube/client.ts';
import { unlessAborted } from '../../kube/deadline.ts';
import type { ListOptions, ObjectList } from '../../kube/list.ts';
import type { KubeObject, ObjectMeta, ObjectReference, Resource } from '../../kube/resource.ts';

type Client = Pick<KubeClient, 'get' | 'list' | 'create' | 'delete' | 'patch' | 'updateStatus'>;

/** An answer in place of what was asked for. */
export interface Refusal {
  readonly httpStatus: number;
  readonly reason: string;
  readonly message?: string;
  readonly details?: ApiStatus['details'];
}

export function apiError({ httpStatus, reason, message = reason, details }: Refusal): ApiError {
  const status: ApiStatus = {
    kind: 'Status',
    code: httpStatus,
    reason,
    message,
    ...(details === undefined ? {} : { details }),
  };
  return new ApiError({ httpStatus, status, where: 'test' });
}

/** An API server in memory, as far as the controller uses one, that notes down what it was asked for. */
export class FakeCluster implements Client {
  /** `create jobs/mnist-p000-1`, in the order of their arrival. */
  readonly requests: string[] = [];
  /** What is deleted in the foreground stays with this time on it, until the test removes it. */
  readonly deletionTime = '2026-03-01T12:00:00Z';
  /** Members of a status that an older definition of the resource doesn't have: they are left out. */
  unknownInStatus: readonly string[] = [];
  readonly #objects = new Map<string, KubeObject>();
  readonly #refusals: { readonly request: RegExp; readonly refusal: Refusal; left: number }[] = [];
  #silenced: readonly Resource[] = [];
  #version = 100;

  /** Refuses requests that match, the next one or `times` of them. */
  refuse(request: RegExp, refusal: Refusal, times = 1): void {
    this.#refusals.push({ request, refusal, left: times });
  }

  /** Lists of these are never answered from now on. */
  silence(...resources: readonly Resource[]): void {
    this.#silenced = resources;
  }

  put<T extends KubeObject>(resource: Resource<T>, object: T): T {
    const { name = '', uid = `uid-of-${name}` } = object.metadata;
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: this.#nextVersion() } };
    this.#objects.set(keyOf(resource, name), stored);
    return stored;
  }

  /** Takes an object away, whoever did that. */
  remove(resource: Resource, name: string): void {
    this.#objects.delete(keyOf(resource, name));
  }

  of<T extends KubeObject>({ plural }: Resource<T>): T[] {
    return [...this.#objects]
      .filter(([key]) => key.startsWith(`${plural}/`))
      .map(([, object]) => object as T);
  }

  /** What was written, in order. */
  get writes(): string[] {
    return this.requests.filter((request) => !/^(get|list) /.test(request));
  }

  async get<T extends KubeObject>(resource: Resource<T>, { name }: ObjectReference): Promise<T | undefined> {
    this.#arrived('get', resource, name);
    return await Promise.resolve(this.#objects.get(keyOf(resource, name)) as T | undefined);
  }

  async list<T extends KubeObject, P = T>(
    resource: Resource<T>,
    { labelSelector, fieldSelector, signal }: ListOptions = {},
    project: (object: T) => P = (object) => object as unknown as P,
  ): Promise<ObjectList<P>> {
    this.#arrived('list', resource, '');
    signal?.throwIfAborted();
    if (this.#silenced.some(({ plural }) => plural === resource.plural)) await never(signal);
    const [label = '', value] = labelSelector?.split('=') ?? [];
    const fields = fieldSelector?.split(',').map((each) => each.split('=')) ?? [];
    const items = this.of(resource).filter(
      (object) =>
        (labelSelector === undefined || object.metadata.labels?.[label] === value) &&
        fields.every(([path = '', wanted]) => fieldOf(object, path) === wanted),
    );
    return await Promise.resolve({ items: items.map(project), resourceVersion: String(this.#version) });
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    const { name = '' } = object.metadata;
    this.#arrived('create', resource, name);
    if (this.#objects.has(keyOf(resource, name))) {
      throw apiError({ httpStatus: 409, reason: 'AlreadyExists', message: `"${name}" already exists` });
    }
    return await Promise.resolve(this.put(resource, object));
  }

  async delete(resource: Resource, { name }: ObjectReference, options: DeleteOptions = {}): Promise<boolean> {
    this.#arrived('delete', resource, name);
    const found = this.#objects.get(keyOf(resource, name));
    if (found !== undefined && options.uid !== undefined && options.uid !== found.metadata.uid) {
      throw apiError({ httpStatus: 409, reason: 'Conflict' });
    }
    if (found !== undefined && options.propagation === 'Foreground') {
      this.put(resource, { ...found, metadata: { ...found.metadata, deletionTimestamp: this.deletionTime } });
      return await Promise.resolve(true);
    }
    return await Promise.resolve(this.#objects.delete(keyOf(resource, name)));
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    { name }: ObjectReference,
    { patch }: { readonly patch: Patch },
  ): Promise<T> {
    this.#arrived('patch', resource, name);
    const object = this.#objects.get(keyOf(resource, name)) as T | undefined;
    if (object === undefined) throw apiError({ httpStatus: 404, reason: 'NotFound', details: { name } });
    const { metadata = {} } = patch.body as { metadata?: ObjectMeta };
    const annotations = { ...object.metadata.annotations, ...metadata.annotations };
    return await Promise.resolve(
      this.put(resource, { ...object, metadata: { ...object.metadata, annotations } }),
    );
  }

  async updateStatus<T extends KubeObject & { readonly status?: unknown }>(
    resource: Resource<T>,
    object: T,
  ): Promise<T> {
    const { name = '', resourceVersion } = object.metadata;
    this.#arrived('status', resource, name);
    const stored = this.#objects.get(keyOf(resource, name)) as T | undefined;
    if (stored === undefined) throw apiError({ httpStatus: 404, reason: 'NotFound', details: { name } });
    if (stored.metadata.resourceVersion !== resourceVersion) {
      throw apiError({ httpStatus: 409, reason: 'Conflict' });
    }
    const status = Object.entries(object.status ?? {}).filter(([key]) => !this.unknownInStatus.includes(key));
    return await Promise.resolve(this.put(resource, { ...stored, status: Object.fromEntries(status) }));
  }

  #arrived(verb: string, { plural }: Resource, name: string): void {
    const request = `${verb} ${plural}${name === '' ? '' : `/${name}`}`;
    this.requests.push(request);
    const refused = this.#refusals.find((each) => each.left > 0 && each.request.test(request));
    if (refused === undefined) return;
    refused.left -= 1;
    throw apiError(refused.refusal);
  }

  #nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }
}

/** As a request whose answer does not come: only its signal ends it. */
async function never(signal = new AbortController().signal): Promise<never> {
  return await unlessAborted(new Promise<never>(() => undefined), signal);
}

function keyOf({ plural }: Resource, name: string): string {
  return `${plural}/${name}`;
}

function fieldOf(object: KubeObject, path: string): unknown {
  return path.split('.').reduce<unknown>((found, key) => (found as Record<string, unknown>)?.[key], object);
}
