import { describeFailure } from './describe-failure.ts';

export interface FetchLimits {
  readonly seconds: number;
  readonly bytes: number;
}

export type FetchedText = { readonly text: string } | { readonly failure: string };

/**
 * What is at a URL, as long as it comes in time, is not too much, and is not somewhere else: a redirect is not followed.
 * Never throws; the failure is half a sentence.
 */
export async function fetchText(
  url: string,
  { seconds, bytes }: FetchLimits,
  signal: AbortSignal,
): Promise<FetchedText> {
  const timeout = AbortSignal.timeout(seconds * 1000);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, timeout]), redirect: 'manual' });
    if (response.status !== 200) {
      await response.body?.cancel();
      return { failure: `it answers with HTTP ${response.status}` };
    }
    const text = await textWithin(response, bytes);
    return text === undefined ? { failure: `it says more than ${bytes / 1024 / 1024} MiB` } : { text };
  } catch (error) {
    return {
      failure: timeout.aborted ? `it does not answer within ${seconds} s` : describeFailure(error),
    };
  }
}

async function textWithin({ body }: Response, most: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early ends the connection.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
