import { expect, it } from 'vitest';
import { countUnits } from './count-units.ts';
import { aJob, aPod, complete, podStatus, time, type JobChange, type PodChange } from './testing/children.ts';

interface Case {
  readonly of: string;
  readonly jobs: readonly JobChange[];
  readonly pods?: readonly PodChange[];
  readonly counts: Partial<ReturnType<typeof countUnits>>;
}

/** All are looked at 100 s after the first Job was made. */
const now = new Date(time(100));

it.each<Case>([
  { of: 'no attempts', jobs: [], counts: {} },
  {
    of: 'a Job that has no pod: quota, or a queue',
    jobs: [{ createdAt: 40 }],
    counts: { waiting: { Distill: 1 }, longestWaitSeconds: { Distill: 60 } },
  },
  {
    of: 'a pod that waits for a device: since its Job was made',
    jobs: [{ createdAt: 40 }],
    pods: [{ createdAt: 50, status: podStatus.unscheduled('Insufficient nvidia.com/gpu') }],
    counts: { waiting: { Distill: 1 }, longestWaitSeconds: { Distill: 60 } },
  },
  {
    of: 'several that wait: by stage, and the longest',
    jobs: [{ stage: 'Prepare', createdAt: 90 }, { createdAt: 30 }, { index: 1, createdAt: 20 }],
    counts: { waiting: { Prepare: 1, Distill: 2 }, longestWaitSeconds: { Prepare: 10, Distill: 80 } },
  },
  {
    of: 'a worker that runs beside a unit that waits',
    jobs: [{}, { index: 1, createdAt: 70 }],
    pods: [{ status: podStatus.running() }],
    counts: { running: { Distill: 1 }, waiting: { Distill: 1 }, longestWaitSeconds: { Distill: 30 } },
  },
  {
    of: 'a pod that has ended, of which its Job has not been told',
    jobs: [{}],
    pods: [{ status: podStatus.ended(0) }],
    counts: { running: { Distill: 1 } },
  },
  {
    of: 'a pod in place of one that was preempted: since the second was made',
    jobs: [{}],
    pods: [
      { suffix: 'second', createdAt: 75 },
      { suffix: 'first', createdAt: 1, status: podStatus.preempted() },
    ],
    counts: { waiting: { Distill: 1 }, longestWaitSeconds: { Distill: 25 } },
  },
  {
    of: 'what has ended, and what is being deleted',
    jobs: [{ conditions: complete() }, { index: 1, deletedAt: 90 }],
    counts: {},
  },
])('counts $of', ({ jobs, pods = [], counts }) => {
  const none = { running: {}, waiting: {}, longestWaitSeconds: {} };
  expect(countUnits(jobs.map(aJob), pods.map(aPod), now)).toEqual({ ...none, ...counts });
});
