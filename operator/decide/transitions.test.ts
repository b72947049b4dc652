import { describe, expect, it } from 'vitest';
import type { Condition, DistillationJobStatus } from '../../crds/status.ts';
import { transitionsOf } from './transitions.ts';

const ready: Condition = {
  type: 'Ready',
  status: 'Unknown',
  reason: 'Distilling',
  message: '1 of 2 units are running.',
  lastTransitionTime: '2026-03-01T12:00:00Z',
};

const status: DistillationJobStatus = {
  observedGeneration: 1,
  phase: 'Distilling',
  retry: 0,
  attempts: { prepare: 1, finetune: 1 },
  conditions: [ready],
  blocks: [{ name: 'a', layers: 'a', state: 'Running', attempts: 1, progress: 10 }],
  progress: { done: 0, total: 1, percent: 10 },
};
const [block] = status.blocks ?? [];

describe('news', () => {
  it.each([
    { of: 'another phase', change: { phase: 'Finetuning' } },
    { of: 'an edit that was seen', change: { observedGeneration: 2 } },
    { of: 'another try', change: { retry: 1 } },
    { of: 'a suspension', change: { suspensions: [{ startTime: '2026-03-01T12:00:00Z' }] } },
    { of: 'that something runs', change: { activity: { seconds: 0, since: '2026-03-01T12:00:00Z' } } },
    { of: 'another reason', change: { conditions: [{ ...ready, reason: 'Queued' }] } },
    { of: 'a condition that holds no more', change: { conditions: [] } },
    { of: 'the state of a block', change: { blocks: [{ ...block, state: 'Distilled' }] } },
    { of: 'another attempt at prepare', change: { attempts: { prepare: 2, finetune: 1 } } },
    { of: 'another attempt at finetune', change: { attempts: { prepare: 1, finetune: 2 } } },
    { of: 'another attempt at a block', change: { blocks: [{ ...block, attempts: 2 }] } },
    { of: 'what became of a block', change: { blocks: [{ ...block, replaced: true }] } },
  ])('is $of', ({ change }) => {
    expect(transitionsOf({ ...status, ...(change as DistillationJobStatus) })).not.toBe(
      transitionsOf(status),
    );
  });

  it.each([
    { of: 'how far a block is', change: { blocks: [{ ...block, progress: 20, loss: 0.1 }] } },
    { of: 'how long something ran', change: { activity: { seconds: 9, until: '2026-03-01T12:00:00Z' } } },
    { of: 'how far the job is', change: { progress: { done: 0, total: 1, percent: 20 } } },
    { of: 'the words of a condition', change: { conditions: [{ ...ready, message: 'Other words.' }] } },
  ])('is not $of', ({ change }) => {
    expect(transitionsOf({ ...status, ...(change as DistillationJobStatus) })).toBe(transitionsOf(status));
  });
});
