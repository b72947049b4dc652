import { setTimeout as delay } from 'node:timers/promises';
import { statusOf } from './s3-error.ts';

export interface Creation {
  /** Writes the object on a condition; without one in any case. */
  put(condition: { readonly IfNoneMatch?: '*' }): Promise<void>;
  isThere(): Promise<boolean>;
  /** Whether what is there now was written by this call. */
  isOurs(): Promise<boolean>;
}

const [maxConflicts, conflictMilliseconds] = [5, 200];

/**
 * Writes an object unless there is one: false when there is. Of two that try at once one succeeds, where the server knows
 * conditional requests. Where it does not, it is looked first, and read again after: whoever wrote last has won then, which
 * two that are slow at the wrong moment may both believe.
 */
export async function createObject({ put, isOurs, isThere }: Creation): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      await put({ IfNoneMatch: '*' });
      return true;
    } catch (error) {
      if (statusOf(error) === 412) return false;
      // Another conditional request for the same key is under way; S3 asks to try again.
      if (statusOf(error) === 409 && tries < maxConflicts) await delay(conflictMilliseconds);
      else if (statusOf(error) === 501) break;
      else throw error;
    }
  }
  if (await isThere()) return false;
  await put({});
  return await isOurs();
}
