import { expect, test } from 'vitest';
import { problemsOfManifest } from '../../crds/parse-distillation-job.ts';
import { distillationJob } from './manifests.ts';

test('the jobs of the chaos suite are valid', () => {
  const manifest = distillationJob({ namespace: 'chaos', name: 'job-1', maxParallel: 2 });
  expect(problemsOfManifest(manifest)).toEqual([]);
});
