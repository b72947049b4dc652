import { BlockstillError } from '../../common/error.ts';
import { ApiError, asApiStatus } from './api-error.ts';
import { startDeadline } from './deadline.ts';
import { splitLines } from './lines.ts';
import type { Selection } from './list.ts';
import { connectionError, openStream, type Transport } from './request.ts';
import { collectionPath, type KubeObject, type Resource } from './resource.ts';

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Nothing changed up to `object.metadata.resourceVersion`. */
  | { readonly type: 'BOOKMARK'; readonly object: KubeObject };

export interface WatchOptions extends Selection {
  /** Only what came after this. */
  readonly resourceVersion: string;
  /** The server ends the watch after this many seconds. */
  readonly timeoutSeconds: number;
  /** Longest silence: bookmarks come about once a minute, so after this the connection is taken for dead. */
  readonly silenceSeconds: number;
  readonly signal: AbortSignal;
  /** Longest line, of one event. */
  readonly maximumLineBytes?: number;
}

/** How much later than agreed a server may end a watch before it is cut off. */
const graceSeconds = 30;

/** An object in etcd has at most 1.5 MB; an event carries one. */
const defaultMaximumLineBytes = 8 * 1024 * 1024;

/**
 * Changes of a resource as they happen. Ends when the server ends it in order, as it does after `timeoutSeconds`.
 *
 * @throws ApiError when it is refused or the server reports an error in it, 410 included (see `isExpired`);
 *   ConnectionError when the connection breaks; BlockstillError `cluster/watch-silent` when it seems dead,
 *   `cluster/malformed-answer`; the signal's reason
 */
export async function* watchEvents<T extends KubeObject>(
  transport: Transport,
  resource: Resource<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
  const { clock } = transport;
  const path = collectionPath(resource, namespace);
  const where = `WATCH ${path}`;
  using whole = startDeadline({
    clock,
    seconds: timeoutSeconds + graceSeconds,
    parent: options.signal,
    reason: () => silent(where, 'did not end when it should have'),
  });
  using deadline = startDeadline({
    clock,
    seconds: options.silenceSeconds,
    parent: whole.signal,
    reason: () => silent(where, `was silent for ${options.silenceSeconds} s`),
  });
  const { signal } = deadline;
  const { chunks } = await openStream(transport, {
    method: 'GET',
    path,
    query: {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: Math.round(timeoutSeconds).toString(),
      labelSelector,
      fieldSelector,
    },
    repeatable: true,
    signal,
  });
  const lines = splitLines(chunks, options.maximumLineBytes ?? defaultMaximumLineBytes);
  try {
    for (;;) {
      const next = await nextLine(lines, where, signal);
      if (next.done) return;
      deadline.restart();
      yield parseEvent<T>(next.value, where);
    }
  } finally {
    // Whoever stops listening closes the connection with it.
    await lines.return(undefined);
  }
}

async function nextLine(
  lines: AsyncGenerator<string>,
  where: string,
  signal: AbortSignal,
): Promise<IteratorResult<string>> {
  try {
    const next = await lines.next();
    signal.throwIfAborted();
    return next;
  } catch (error) {
    throw error instanceof BlockstillError ? error : connectionError(where, error, signal);
  }
}

function silent(where: string, what: string): BlockstillError {
  return new BlockstillError('cluster/watch-silent', `The watch ${what}.`, { where });
}

function parseEvent<T extends KubeObject>(line: string, where: string): WatchEvent<T> {
  const { type, object } = parseLine(line, where);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      if (isKubeObject(object)) return { type, object: object as T };
      throw malformed(line, where);
    case 'ERROR': {
      const status = asApiStatus(object);
      throw new ApiError({ httpStatus: status?.code ?? 500, status, where });
    }
    default:
      throw malformed(line, where);
  }
}

function parseLine(line: string, where: string): { readonly type?: unknown; readonly object?: unknown } {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (error) {
    throw malformed(line, where, error);
  }
  if (typeof event !== 'object' || event === null) throw malformed(line, where);
  return event;
}

function isKubeObject(value: unknown): value is KubeObject {
  return (
    typeof value === 'object' && value !== null && 'metadata' in value && typeof value.metadata === 'object'
  );
}

function malformed(line: string, where: string, cause?: unknown): BlockstillError {
  const message = `The watch sent what is no event: ${line.slice(0, 100)}`;
  return new BlockstillError('cluster/malformed-answer', message, { where, cause });
}
