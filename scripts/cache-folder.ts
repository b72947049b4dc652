import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where set-up keeps what it has downloaded or built once for this machine, whichever checkout asked for it. */
export function cacheFolder(): string {
  const environment = process.env;
  const userCache = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return resolve(environment['BLOCKSTILL_CACHE'] || join(userCache, 'blockstill'));
}
