import { expect, it } from 'vitest';
import { attemptFailureOf } from './attempt-failure.ts';
import { aPod, podStatus } from './testing/children.ts';

it.each([
  { failure: 'BadInput', status: podStatus.ended(64) },
  { failure: 'Failed', status: podStatus.ended(1) },
  { failure: 'Failed', status: podStatus.ended(137) },
  { failure: 'OutOfMemory', status: podStatus.outOfMemory() },
  { failure: 'Disrupted', status: podStatus.evicted() },
  { failure: 'Disrupted', status: podStatus.preempted() },
  { failure: 'Interrupted', status: podStatus.ended(75) },
  { failure: 'NotStarted', status: podStatus.admissionError() },
  { failure: 'NotStarted', status: podStatus.startError() },
  { failure: 'Lost', status: podStatus.ended(0) },
  { failure: 'Lost', status: podStatus.running() },
])('is counted as $failure', ({ failure, status }) => {
  expect(attemptFailureOf(aPod({ status }))).toBe(failure);
});

it('is counted as Lost without a pod', () => {
  expect(attemptFailureOf(undefined)).toBe('Lost');
});
