import type { Dispatcher } from 'undici';
import { BlockstillError } from '../../common/error.ts';
import { ApiError, asApiStatus, isApiError } from './api-error.ts';
import { sleep, type Clock } from './clock.ts';
import { ConnectionError } from './connection-error.ts';
import type { Connection } from './connection.ts';
import { startDeadline } from './deadline.ts';
import { retryDelaySeconds, type RetryPolicy } from './retry.ts';
import type { Slots } from './slots.ts';
import type { TokenBucket } from './token-bucket.ts';

/** What all requests of a client have in common. */
export interface Transport {
  readonly connection: Pick<Connection, 'access' | 'refresh' | 'origin' | 'pathPrefix'>;
  readonly clock: Clock;
  readonly limiter: TokenBucket | undefined;
  /** Requests at once, each on a connection of its own; watches are not among them. */
  readonly slots: Slots;
  readonly userAgent: string;
  /** For one request and its whole answer; of a watch, for the answer to begin. */
  readonly timeoutSeconds: number;
  readonly retry: RetryPolicy;
  readonly observer?: RequestObserver | undefined;
  /** Called right before a request goes out, however long it waited; what it throws keeps it from going. */
  readonly guard?: ((method: ApiRequest['method']) => void) | undefined;
}

/** Hears of each request that was sent: of a repetition too, and of a watch when its answer begins. */
export interface RequestObserver {
  finished(request: FinishedRequest): void;
}

export interface FinishedRequest {
  readonly method: ApiRequest['method'];
  /** Host and port of the server. */
  readonly host: string;
  /** The HTTP status; undefined when there was no answer. */
  readonly httpStatus: number | undefined;
  /** What time it was for the server when it answered. */
  readonly serverTime: Date | undefined;
  /** From when it was sent to the head of the answer: neither credentials nor rate limit are in it. */
  readonly seconds: number;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Whether it may be sent again where the first one may have been carried out. */
  readonly repeatable: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a request, again where that is safe and may help, and answers the parsed JSON.
 *
 * @throws ApiError; ConnectionError; BlockstillError `cluster/timeout`, `cluster/malformed-answer`; the reason of the
 *   signal when that is aborted
 */
export async function requestJson(transport: Transport, request: ApiRequest): Promise<unknown> {
  const { clock, connection, retry } = transport;
  let refreshed = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await requestOnce(transport, request);
    } catch (error) {
      request.signal?.throwIfAborted();
      if (isApiError(error, 'Unauthorized') && !refreshed) {
        refreshed = true;
        connection.refresh();
        continue;
      }
      const seconds = retryDelaySeconds(retry, { error, attempt, repeatable: request.repeatable });
      if (seconds === undefined) throw error;
      await sleep(clock, seconds, request.signal);
    }
  }
}

async function requestOnce(transport: Transport, request: ApiRequest): Promise<unknown> {
  const where = describe(request);
  await transport.limiter?.take(request.signal);
  using deadline = startDeadline({
    clock: transport.clock,
    seconds: transport.timeoutSeconds,
    parent: request.signal,
    reason: () => timedOut(where, transport.timeoutSeconds),
  });
  using _slot = await transport.slots.take(deadline.signal);
  const answer = await exchange(transport, request, deadline.signal);
  return parseJson(await textOf(answer, where, deadline.signal), where);
}

/** An answer that comes bit by bit. */
export interface ByteStream {
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * Sends a request once, and answers as soon as the answer begins; it is cut off with the signal.
 *
 * @throws as {@link requestJson}
 */
export async function openStream(
  transport: Transport,
  request: ApiRequest & { readonly signal: AbortSignal },
): Promise<ByteStream> {
  const { limiter, clock, timeoutSeconds: seconds } = transport;
  const where = describe(request);
  const controller = new AbortController();
  const follow = (): void => controller.abort(request.signal.reason);
  await limiter?.take(request.signal);
  request.signal.addEventListener('abort', follow, { once: true });
  // Only until the answer begins; from then on it is the caller's to say how long it may last.
  const cancel = clock.after(seconds, () => controller.abort(timedOut(where, seconds)));
  try {
    const { body } = await exchange(transport, request, controller.signal);
    return { chunks: body as AsyncIterable<Uint8Array> };
  } catch (error) {
    request.signal.removeEventListener('abort', follow);
    if (isApiError(error, 'Unauthorized')) transport.connection.refresh();
    throw error;
  } finally {
    cancel();
  }
}

/** One request, and the head of its answer if that is a good one. */
async function exchange(
  { connection, userAgent, clock, observer, guard }: Transport,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const where = describe(request);
  const { method } = request;
  const { dispatcher, headers } = await connection.access(signal);
  guard?.(method);
  const sentAt = clock.seconds();
  const finished = (answered?: Dispatcher.ResponseData): void => {
    const { host } = new URL(connection.origin);
    const { date } = answered?.headers ?? {};
    const serverTime = typeof date === 'string' ? new Date(date) : undefined;
    const seconds = clock.seconds() - sentAt;
    observer?.finished({ method, host, httpStatus: answered?.statusCode, serverTime, seconds });
  };
  let answer: Dispatcher.ResponseData;
  try {
    answer = await dispatcher.request({
      origin: connection.origin,
      path: connection.pathPrefix + request.path + queryText(request.query),
      method,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': userAgent,
        ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
      },
      body: request.body === undefined ? null : JSON.stringify(request.body),
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  } catch (error) {
    finished();
    throw connectionError(where, error, signal);
  }
  finished(answer);
  if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
  throw apiError(answer, await textOf(answer, where, signal), where);
}

async function textOf(
  { body }: Dispatcher.ResponseData,
  where: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await body.text();
  } catch (error) {
    throw connectionError(where, error, signal);
  }
}

function apiError({ statusCode, headers }: Dispatcher.ResponseData, text: string, where: string): ApiError {
  let status;
  try {
    status = asApiStatus(JSON.parse(text));
  } catch {
    // Something in front of the API server answered, in its own words.
  }
  const retryAfterSeconds = secondsOf(headers['retry-after']);
  return new ApiError({ httpStatus: statusCode, status, text, where, retryAfterSeconds });
}

/** `Retry-After` in seconds; the API server never sends its other form, a date. */
function secondsOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d+$/.test(header) ? Number(header) : undefined;
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `The cluster's answer is no JSON: ${text.slice(0, 100)}`;
    throw new BlockstillError('cluster/malformed-answer', message, { where, cause: error });
  }
}

export function connectionError(where: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  return error instanceof Error ? new ConnectionError(where, error) : error;
}

function timedOut(where: string, seconds: number): BlockstillError {
  return new BlockstillError('cluster/timeout', `The cluster did not answer within ${seconds} s.`, { where });
}

function describe({ method, path }: ApiRequest): string {
  return `${method} ${path}`;
}

function queryText(query: ApiRequest['query'] = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
