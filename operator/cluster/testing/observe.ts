import type { AttemptsToObserve } from '../attempts-to-observe.ts';
import { observeAttempts, type ObservedAttempts } from '../observe-attempts.ts';
import { owner, time } from './children.ts';
import { blocks, planDigest, specDigests } from './messages.ts';

export const plan = { digest: planDigest, blocks, units: [[blocks[0]], [blocks[1]]] };

export const at = (seconds: number): Date => new Date(time(seconds));

/** The attempts of a job of two units, from what a case says of it. */
export function observe(change: Partial<AttemptsToObserve>): ObservedAttempts {
  return observeAttempts({
    uid: owner.uid,
    jobs: [],
    pods: [],
    departed: [],
    departing: new Map(),
    specDigests,
    device: () => 'GPU',
    plan,
    formerJobs: new Set(['mnist-u000-1', 'mnist-p000-1']),
    progress: new Map(),
    podless: new Map(),
    complaints: new Map(),
    unseen: new Set(),
    now: at(200),
    ...change,
  });
}
