import type { BlockstillError } from '../../common/error.ts';
import { isApiError } from '../../operator/kube/api-error.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import type { Clock } from '../../operator/kube/clock.ts';
import { listWatch, Reflector, type ListWatch } from '../../operator/kube/reflector.ts';
import type { KubeObject, ObjectReference, Resource } from '../../operator/kube/resource.ts';
import type { StoreChange } from '../../operator/kube/store.ts';

export interface FollowOptions<T> {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Follow this very object, and not another of its name that comes after it. */
  readonly uid: string;
  /** Called with the object as it is, and after each change; answers whether enough has been seen. */
  visit(object: T): boolean;
  /** The connection is lost; it is tried again by itself. */
  onProblem?(error: BlockstillError): void;
}

/** One object of a resource, to list and to watch. */
export function onlyOne<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  { namespace, name }: ObjectReference,
): ListWatch<T> {
  return listWatch(client, resource, { namespace, fieldSelector: `metadata.name=${name}` });
}

/**
 * Follows an object through lost connections and forgotten versions until enough has been seen, or it is gone.
 *
 * @throws the signal's reason; ApiError when the user may not watch it
 */
export async function follow<T extends KubeObject>(
  source: ListWatch<T>,
  { clock, signal, uid, visit, onProblem }: FollowOptions<T>,
): Promise<'Seen' | 'Gone'> {
  const outcome = Promise.withResolvers<'Seen' | 'Gone'>();
  const stop = new AbortController();
  const isFinal = finality(clock);
  let isOver = false;
  const onChange = ({ type, object }: StoreChange<Kept<T>>): void => {
    if (isOver) return;
    const isGone = object.metadata.uid !== uid || type === 'Deleted';
    isOver = isGone || visit(object.object);
    if (isOver) outcome.resolve(isGone ? 'Gone' : 'Seen');
  };
  const reflector = new Reflector<T, Kept<T>>({
    source,
    indices: {},
    clock,
    random: Math.random,
    project,
    onChange,
    onProblem: (error) => {
      if (isFinal(error)) outcome.reject(error);
      else onProblem?.(error);
    },
  });
  const isThere = async (): Promise<void> => {
    await reflector.synced;
    if (reflector.store.size === 0) outcome.resolve('Gone');
  };
  void isThere();
  const running = reflector.run(AbortSignal.any([signal, stop.signal]));
  // It ends by itself only with the signal, or by a defect.
  running.then(() => outcome.reject(signal.reason), outcome.reject);
  try {
    return await outcome.promise;
  } finally {
    stop.abort();
    await running.catch(() => undefined);
  }
}

interface Kept<T> {
  readonly metadata: StoredMetadata;
  readonly object: T;
}

interface StoredMetadata {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
}

function project<T extends KubeObject>(object: T): Kept<T> {
  const { name = '', namespace, uid = '', resourceVersion = '' } = object.metadata;
  return { metadata: { name, namespace, uid, resourceVersion }, object };
}

/** Credentials may run out while somebody watches; they are renewed, and refused again only if that did not help. */
const renewalSeconds = 60;

/** Judges whether asking again would bring the same answer. */
function finality(clock: Clock): (error: BlockstillError) => boolean {
  let refusedAt = -Infinity;
  return (error) => {
    if (isApiError(error, 'Unauthorized')) {
      const again = clock.seconds() - refusedAt < renewalSeconds;
      refusedAt = clock.seconds();
      return again;
    }
    return isApiError(error, 'Forbidden', 'NotFound');
  };
}
