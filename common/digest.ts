import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** `sha256:<64 hex digits>`, the form in which Blockstill names content. */
export type Digest = `sha256:${string}`;

export function digestOfBytes(bytes: string | NodeJS.ArrayBufferView): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export async function digestOfFile(path: string, signal?: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, signal ? { signal } : {});
  return `sha256:${hash.digest('hex')}`;
}

/**
 * JSON with sorted keys and no undefined members, so that equal values have equal text and so equal digests.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  );
}

export function digestOfJson(value: unknown): Digest {
  return digestOfBytes(canonicalJson(value));
}
