import { describe, expect, it } from 'vitest';
import { watchesNotReady } from './watch-readiness.ts';

const watch = (isSynced: boolean, seconds: number) => ({ isSynced, secondsSinceContact: () => seconds });

describe('watches', () => {
  it('are ready when each has been listed and been heard of within four minutes', () => {
    expect(watchesNotReady({ jobs: watch(true, 0), pods: watch(true, 240) })).toBeUndefined();
  });

  it('that are not are named with what is wrong', () => {
    const watches = { jobs: watch(false, 3), pods: watch(true, 240.6), nodes: watch(true, 5) };
    expect(watchesNotReady(watches)).toBe(
      'jobs have not been listed yet. Nothing has been heard of pods for 241 s.',
    );
  });
});
