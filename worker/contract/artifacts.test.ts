import { describe, expect, it } from 'vitest';
import { artifactsOf } from './artifacts.ts';
import type { UnitResult } from './unit-result.ts';

const file = (path: string) => ({ path, bytes: 1, digest: `sha256:${'0'.repeat(64)}` as const });

/** Results with what is asked of them here alone. */
const results = {
  Prepare: {
    stage: 'Prepare',
    plan: file('plan.json'),
    profile: file('profile.json'),
    artifacts: [file('data/index.json')],
  },
  Distill: { stage: 'Distill', blocks: [{ weights: file('block-000') }, { weights: null }] },
  Baseline: { stage: 'Baseline', blocks: [{ weights: null }] },
  Finetune: { stage: 'Finetune', artifacts: [file('student/model.json')] },
} as unknown as Record<UnitResult['stage'], UnitResult>;

describe('the files that a result vouches for', () => {
  it.each([
    {
      stage: 'Prepare',
      everything: ['plan.json', 'profile.json', 'data/index.json'],
      documents: ['plan.json', 'profile.json'],
    },
    { stage: 'Distill', everything: ['block-000'], documents: [] },
    { stage: 'Baseline', everything: [], documents: [] },
    { stage: 'Finetune', everything: ['student/model.json'], documents: ['student/model.json'] },
  ] as const)('are $everything after $stage', ({ stage, everything, documents }) => {
    const paths = (depth?: 'Documents') => artifactsOf(results[stage], depth).map(({ path }) => path);
    expect(paths()).toEqual(everything);
    expect(paths('Documents')).toEqual(documents);
  });
});
