import type { Digest } from '../../common/digest.ts';
import type { Artifact } from '../contract/primitives.ts';

/**
 * The exchange folder of a job as a worker sees it. Paths are relative to it, with forward slashes: `<unit>/<attempt>/...`.
 *
 * All methods throw `BlockstillError` `storage/...` when the storage can't be reached: an exchange that can't be read is
 * never taken for an empty one, since finished work would be done again.
 */
export interface Exchange extends AsyncDisposable {
  /** Where its files lie on this machine: all of them, or those that were fetched or made here. */
  readonly root: string;
  /** The names of the folders in a folder, in order; none where there is no such folder. */
  folders(path: string): Promise<string[]>;
  /** Makes sure that a file lies on this machine, if there is one: its path there, or undefined. */
  find(path: string): Promise<string | undefined>;
  /**
   * The same for a file that an earlier stage has committed. Where its bytes have to travel, their digest is checked.
   *
   * @throws BlockstillError `storage/changed` when it is gone, or not the one that is expected
   */
  fetch(path: string, expected?: Digest): Promise<string>;
  /** The first bytes of a file, without the rest of it; undefined when there is none. */
  readStart(path: string, bytes: number): Promise<Buffer | undefined>;
  /** Whether a file is still what a result says. */
  isIntact(path: string, artifact: Artifact): Promise<boolean>;
  /** Gives a file, which lies below `root`, to the other workers. They see it whole or not at all. */
  offer(path: string, digest?: Digest): Promise<void>;
  /** Gives a committed file of an earlier attempt a second place. */
  adopt(from: string, to: string, artifact: Artifact): Promise<void>;
  /** Frees what a finished job needs no more; see `isPerishable`. May be broken off and done again. */
  clear(): Promise<void>;
}
