import { isExpired } from './api-error.ts';
import { requestJson, type Transport } from './request.ts';
import { apiVersionOf, collectionPath, type KubeObject, type Resource } from './resource.ts';

/** Which objects of a resource. */
export interface Selection {
  /** All namespaces where there is none. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection {
  /** Objects a page. */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ObjectList<T> {
  readonly items: T[];
  /** Of the collection, not of an object in it: where a watch goes on. */
  readonly resourceVersion: string;
}

interface Page<T> {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[] | null;
}

/**
 * Lists page by page. All pages show one moment; when the server has forgotten it before the last page (410), everything
 * is asked for again, in one piece.
 */
export async function listAll<T extends KubeObject, P>(
  transport: Transport,
  resource: Resource<T>,
  options: ListOptions & { project(object: T): P },
): Promise<ObjectList<P>> {
  const { namespace, labelSelector, fieldSelector, signal, limit = 500, project } = options;
  const path = collectionPath(resource, namespace);
  const items: P[] = [];
  let pageSize: number | undefined = limit;
  let token: string | undefined;
  for (;;) {
    const query = { labelSelector, fieldSelector, limit: pageSize?.toString(), continue: token };
    let page: Page<T>;
    try {
      page = (await requestJson(transport, {
        method: 'GET',
        path,
        query,
        repeatable: true,
        signal,
      })) as Page<T>;
    } catch (error) {
      if (token === undefined || !isExpired(error)) throw error;
      items.length = 0;
      token = pageSize = undefined;
      continue;
    }
    // The items of a list don't say what they are, unlike those of a watch.
    const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    for (const item of page.items ?? []) items.push(project({ ...type, ...item }));
    const { resourceVersion = '', continue: next } = page.metadata ?? {};
    if (!next) return { items, resourceVersion };
    token = next;
  }
}
