import { expect, test } from 'vitest';
import { problemsOfManifest } from '../../crds/parse-distillation-job.ts';
import { distillationJob } from './manifests.ts';

test.each([0, 6])('the jobs of the chaos suite are valid with backoffLimit %s', (backoffLimit) => {
  const manifest = distillationJob({ namespace: 'chaos', name: 'job-1', maxParallel: 2, backoffLimit });
  expect(manifest.spec.backoffLimit).toBe(backoffLimit);
  expect(problemsOfManifest(manifest)).toEqual([]);
});
