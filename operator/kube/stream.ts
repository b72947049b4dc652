import { connectionError, openStream, type Transport } from './request.ts';

export interface StreamOptions {
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Cuts the answer off. */
  readonly signal: AbortSignal;
}

/**
 * An answer that is no JSON, such as the log of a pod, byte by byte as it comes: for as long as the server sends.
 *
 * @throws ApiError, BlockstillError `cluster/timeout` where the answer does not begin; ConnectionError, then or while it
 *   is read; the signal's reason
 */
export async function streamBytes(
  transport: Transport,
  path: string,
  { query = {}, signal }: StreamOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const { chunks } = await openStream(transport, { method: 'GET', path, query, repeatable: true, signal });
  return withReasons(chunks, `GET ${path}`, signal);
}

async function* withReasons(
  chunks: AsyncIterable<Uint8Array>,
  where: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (error) {
    throw connectionError(where, error, signal);
  }
}
