import type { Reflector } from '../kube/reflector.ts';

type Watched = Pick<Reflector<never, never>, 'isSynced' | 'secondsSinceContact'>;

/**
 * Longest time without a word of the server: a dead watch is given up after 150 s of silence, and then comes a list, or a
 * few, with waits between them.
 */
const longestSilenceSeconds = 240;

/** Which watches are not what they must be, as a sentence each, by the names of their resources; undefined when all are. */
export function watchesNotReady(watches: Readonly<Record<string, Watched>>): string | undefined {
  const sentences = Object.entries(watches).flatMap(([resource, watched]) => {
    if (!watched.isSynced) return `${resource} have not been listed yet.`;
    const seconds = watched.secondsSinceContact();
    if (seconds <= longestSilenceSeconds) return [];
    return `Nothing has been heard of ${resource} for ${Math.round(seconds)} s.`;
  });
  return sentences.length === 0 ? undefined : sentences.join(' ');
}
