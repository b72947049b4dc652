import { describe, expect, it } from 'vitest';
import type { Condition, DistillationJobStatus } from '../../crds/status.ts';
import { projectDistillationJob } from './cached-job.ts';
import { owner } from './testing/children.ts';
import { aDistillationJob, type ObjectChange } from './testing/distillation-jobs.ts';

function holds(type: string, reason: string): Condition {
  return { type, status: 'True', reason, message: '', lastTransitionTime: '2026-03-01T12:00:00Z' };
}

function ended(reason: string, change: Partial<DistillationJobStatus> = {}): DistillationJobStatus {
  const type = reason === 'Complete' ? 'Complete' : 'Failed';
  return {
    observedGeneration: 1,
    phase: type,
    conditions: [holds(type, reason), holds('Finished', reason)],
    completionTime: '2026-03-01T13:00:00Z',
    retry: 0,
    blocks: [{ name: 'conv_1', layers: 'conv_1', state: 'Distilled' }],
    ...change,
  };
}

const project = (change: ObjectChange) => projectDistillationJob(aDistillationJob(change));

describe('a job that goes on', () => {
  it('is kept with all that is decided on, but without annotations and managed fields', () => {
    const status: DistillationJobStatus = { observedGeneration: 1, phase: 'Distilling' };
    const object = aDistillationJob({
      metadata: { labels: { a: 'b' }, annotations: { applied: '{}' } },
      status,
    });
    const { metadata, spec } = object;
    const kept = projectDistillationJob({
      ...object,
      metadata: { ...metadata, managedFields: [{ manager: 'kubectl' }] } as typeof metadata,
    });
    expect(kept.isAtRest).toBe(false);
    expect(kept.object).toEqual({
      metadata: { ...owner, resourceVersion: '10', generation: 1, labels: { a: 'b' } },
      spec,
      status,
    });
  });
});

describe('a job that has ended', () => {
  it('is kept as little more than its name', () => {
    const metadata = { labels: { a: 'b' } };
    const kept = project({ spec: { ttlSecondsAfterFinished: 60 }, metadata, status: ended('Complete') });
    expect(kept.isAtRest).toBe(true);
    expect(kept.object).toEqual({
      metadata: { ...owner, resourceVersion: '10', generation: 1, labels: { a: 'b' } },
      spec: { ttlSecondsAfterFinished: 60 },
      status: {
        phase: 'Complete',
        completionTime: '2026-03-01T13:00:00Z',
        observedGeneration: 1,
        retry: 0,
      },
    });
  });

  it.each([
    { of: 'it failed', change: { status: ended('UnitFailed') }, isAtRest: true },
    {
      of: 'it failed and is to be tried again',
      change: { spec: { retry: 1 }, status: ended('UnitFailed') },
      isAtRest: false,
    },
    {
      of: 'it was tried again and failed',
      change: { spec: { retry: 1 }, status: ended('UnitFailed', { retry: 1 }) },
      isAtRest: true,
    },
    {
      of: 'it is complete, and nothing of it could be tried again',
      change: { spec: { retry: 1 }, status: ended('Complete') },
      isAtRest: true,
    },
    {
      of: 'it was edited since, which its status has yet to say',
      change: { metadata: { generation: 2 }, status: ended('Complete') },
      isAtRest: false,
    },
    {
      of: 'it was invalid, and was edited since',
      change: { metadata: { generation: 2 }, status: ended('InvalidSpec') },
      isAtRest: false,
    },
    { of: 'its status was emptied', change: { status: {} }, isAtRest: false },
  ])('is at rest: $isAtRest when $of', ({ change, isAtRest }) => {
    expect(project(change).isAtRest).toBe(isAtRest);
  });
});
