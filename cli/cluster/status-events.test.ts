import { expect, it } from 'vitest';
import type { Condition, DistillationJobStatus } from '../../crds/status.ts';
import { statusEvents } from './status-events.ts';

const holds = (type: string, message: string, status: Condition['status'] = 'True'): Condition => ({
  type,
  status,
  reason: `${type}Reason`,
  message,
  lastTransitionTime: '2026-03-01T12:00:00Z',
});
const block = (state: 'Running' | 'Failed') => ({ name: 'a', layers: 'a', state });

const runs = {
  conditions: [holds('Ready', '1 of 2 units are running.', 'Unknown'), holds('Reconciling', 'They run.')],
  blocks: [block('Running')],
} satisfies DistillationJobStatus;

it('what goes on is told once, and again when it is something else', () => {
  expect(statusEvents(runs, undefined)).toEqual([
    { type: 'Normal', reason: 'ReadyReason', message: '1 of 2 units are running.' },
  ]);
  expect(statusEvents(runs, runs)).toEqual([]);
  const next = { ...runs, conditions: [holds('Ready', 'Waiting for a node.', 'Unknown')] };
  expect(statusEvents(next, runs).map(({ message }) => message)).toEqual(['Waiting for a node.']);
});

it('a condition beyond those of every job is a warning, as long as it holds', () => {
  const warned = { ...runs, conditions: [...runs.conditions, holds('SingleNode', 'All on one node.')] };
  expect(statusEvents(warned, runs)).toEqual([
    { type: 'Warning', reason: 'SingleNode', message: 'All on one node.' },
  ]);
  const over = { ...runs, conditions: [...runs.conditions, holds('SingleNode', 'No more.', 'False')] };
  expect(statusEvents(over, warned)).toEqual([]);
});

it('a block that fails is a warning, but not one that had failed before anyone looked', () => {
  const failed = { ...runs, blocks: [block('Failed')] };
  expect(statusEvents(failed, runs)).toMatchObject([{ type: 'Warning', reason: 'BlockFailed' }]);
  expect(statusEvents(failed, undefined)).toMatchObject([{ reason: 'ReadyReason' }]);
});

it('the end is left to the outcome', () => {
  const ended = {
    conditions: [holds('Ready', 'Done.'), holds('Complete', 'Done.'), holds('Finished', 'Done.')],
  };
  expect(statusEvents(ended, runs)).toEqual([]);
});
