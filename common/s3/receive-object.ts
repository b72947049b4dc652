import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Digest } from '../digest.ts';
import { BlockstillError } from '../error.ts';
import { statusOf } from './s3-error.ts';

/** A part of an object, from `start` to its end. */
export interface Reception {
  readonly body: AsyncIterable<Uint8Array>;
  /** Where it begins, as the server says. */
  readonly start: number;
  readonly etag: string | undefined;
  /** Bytes that are to come. */
  readonly bytes: number | undefined;
}

/** Asks for an object from a byte on; with `etag` only while it is the same object. */
export type Request = (start: number, etag: string | undefined) => Promise<Reception>;

/** Broken connections in a row without a byte between them; the next one is the end. */
const maxBreaks = 4;
const firstPauseMilliseconds = 100;

/**
 * Streams an object into a new file. The SDK repeats a request that fails, but not one whose answer breaks off in the
 * middle: that goes on here, from the byte where it broke.
 *
 * @throws BlockstillError `storage/changed` when the object is replaced between two parts, `storage/s3` when the server
 *   can't go on in the middle; an ECONNRESET when it broke off too often; what `request` throws
 */
export async function receiveObject(
  request: Request,
  { path, where, signal }: { path: string; where: string; signal: AbortSignal | undefined },
): Promise<{ digest: Digest; bytes: number }> {
  await using file = await open(path, 'wx');
  const hash = createHash('sha256');
  let [received, breaks] = [0, 0];
  let etag: string | undefined;
  for (;;) {
    const reception = await request(received, etag).catch((error: unknown) => {
      throw statusOf(error) === 412 ? replaced(where) : error;
    });
    if (reception.start !== received) throw ignoredStart(where);
    etag ??= reception.etag;
    const expected = reception.bytes === undefined ? undefined : received + reception.bytes;
    const before = received;
    const chunks = reception.body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await chunks.next().catch((error: unknown) => brokenOff(error));
        if (next instanceof Error) throw next;
        if (next.done === true) break;
        await file.writeFile(next.value);
        hash.update(next.value);
        received += next.value.byteLength;
      }
      if (expected === undefined || received === expected)
        return { digest: `sha256:${hash.digest('hex')}`, bytes: received };
      throw brokenOff(new Error(`${received} of ${expected} bytes arrived`));
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof BrokenOff)) throw error;
      breaks = received > before ? 1 : breaks + 1;
      if (breaks > maxBreaks) throw Object.assign(new Error(String(error.cause)), { code: 'ECONNRESET' });
      await delay(firstPauseMilliseconds * 2 ** breaks, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** Tells the connection's errors from those of the disk. */
class BrokenOff extends Error {}

function brokenOff(cause: unknown): BrokenOff {
  return new BrokenOff('The answer broke off.', { cause });
}

function replaced(where: string): BlockstillError {
  return new BlockstillError('storage/changed', 'The object was replaced while it was being read.', {
    where,
    hint: 'Run the job again, and let nothing write there meanwhile.',
  });
}

function ignoredStart(where: string): BlockstillError {
  return new BlockstillError(
    'storage/s3',
    'The connection broke off, and the server began from the start again.',
    {
      where,
      hint: 'It must answer requests for a part of an object (Range).',
    },
  );
}
