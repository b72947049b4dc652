import { describe, expect, it } from 'vitest';
import { podsToRemember } from '../decide/remembered-pods.ts';
import { projectPod } from './children.ts';
import { runsOfPods, type PodsToTime } from './runs-of-pods.ts';
import { aJob, aKubePod, aPod, owner, podStatus, time, type JobChange } from './testing/children.ts';

const date = (seconds: number): Date => new Date(time(seconds));

/** Prepare on a CPU, all others on a GPU; watched from before the beginning on, at second 1000. */
function runs(change: Partial<PodsToTime>) {
  return runsOfPods({
    uid: owner.uid,
    jobs: [],
    pods: [],
    gone: { pods: [], jobs: [] },
    formerJobs: new Set(),
    previous: undefined,
    device: (stage) => (stage === 'Prepare' ? 'CPU' : 'GPU'),
    watchedSince: date(-100),
    now: date(1000),
    ...change,
  });
}

const running = podStatus.running(10);
const ended = podStatus.ended(0, { startedAt: time(10), finishedAt: time(60) });

describe('the times of a pod', () => {
  it('are those of its container, and it could have begun when its Job was made', () => {
    const pod = aPod({ createdAt: 4, node: 'gpu-1', status: ended });
    expect(runs({ jobs: [aJob({ createdAt: 3 })], pods: [pod] })).toEqual([
      {
        unit: 'unit-000',
        attempt: 1,
        name: 'mnist-u000-1-x7k2p',
        node: 'gpu-1',
        device: 'GPU',
        created: date(3),
        start: date(10),
        end: date(60),
      },
    ]);
  });

  it('have no end while it runs, though it should have ended, until it is given up', () => {
    const pod = aPod({ deadline: 990, status: running });
    expect(runs({ jobs: [aJob()], pods: [pod] })[0]).not.toHaveProperty('end', expect.anything());
    const overdue = aPod({ deadline: 100, status: running });
    expect(runs({ jobs: [aJob()], pods: [overdue] })[0]).toMatchObject({ end: date(100) });
  });

  it('end when it was seen to go, but not after it should have', () => {
    const going = (deadline?: number) =>
      runs({
        formerJobs: new Set(['mnist-u000-1']),
        gone: {
          jobs: [],
          pods: [{ object: aPod({ status: running, ...(deadline && { deadline }) }), at: date(50) }],
        },
      });
    expect(going()[0]).toMatchObject({ start: date(10), end: date(50) });
    expect(going(40)[0]).toMatchObject({ end: date(40) });
    expect(going(80)[0]).toMatchObject({ end: date(50) });
    // By the clock of its node it has only just begun.
    expect(going(8)[0]).toMatchObject({ start: date(10), end: date(10) });
  });

  it('are none where the container could not be started, which the runtime dates to 1970', () => {
    const [run] = runs({ jobs: [aJob()], pods: [aPod({ status: podStatus.startError() })] });
    expect(run).toMatchObject({ start: undefined, end: date(95) });
  });

  it("are nobody's where its labels are gone", () => {
    const { metadata, ...pod } = aKubePod({ status: running });
    const { labels: _, ...bare } = metadata;
    expect(runs({ jobs: [aJob()], pods: [projectPod({ ...pod, metadata: bare })] })).toEqual([]);
  });

  it('are not those of a pod that only has our labels', () => {
    const pods = [aPod({ status: running, jobUid: 'somebody' })];
    expect(runs({ jobs: [aJob()], pods })).toEqual([]);
  });
});

describe('what a status remembers', () => {
  const remembered = {
    name: 'mnist-u000-1-x7k2p',
    unit: 'unit-000',
    attempt: 1,
    startTime: time(10),
  };

  it('stays, though pod and Job are gone', () => {
    const pods = [{ ...remembered, endTime: time(60), node: 'gpu-1', gpu: 'Exclusive' as const }];
    expect(runs({ previous: { pods } })).toMatchObject([
      { start: date(10), end: date(60), node: 'gpu-1', sharing: { kind: 'None' }, device: 'GPU' },
    ]);
  });

  it('is one with the pod, which knows its end', () => {
    const pods = [aPod({ status: ended })];
    expect(runs({ jobs: [aJob()], pods, previous: { pods: [remembered] } })).toMatchObject([
      { end: date(60) },
    ]);
  });
});

describe('a pod that follows another one within its Job', () => {
  const first = aPod({ suffix: 'first', createdAt: 4, status: ended });
  const second = aPod({ suffix: 'second', createdAt: 400, status: podStatus.running(410) });
  const jobs = [aJob({ createdAt: 3 })];

  it('could have begun when it was made, and only the first one when the Job was', () => {
    const created = runs({ jobs, pods: [second, first] }).map((run) => [run.name, run.created]);
    expect(created).toEqual([
      ['mnist-u000-1-second', date(400)],
      ['mnist-u000-1-first', date(3)],
    ]);
  });

  it('may have had one before it that nobody saw, where nobody watched from the Job on', () => {
    const alone = (change: Partial<PodsToTime>) =>
      new Map(runs({ jobs, pods: [second], ...change }).map(({ name, isUnseen }) => [name, isUnseen]));
    const sure = new Map([['mnist-u000-1-second', undefined]]);
    const doubt = new Map<string, boolean | undefined>([...sure, ['mnist-u000-1', true]]);
    expect(alone({ watchedSince: date(390) })).toEqual(doubt);
    const gone = { pods: [], jobs: [{ object: jobs[0]!, at: date(900) }] };
    expect(alone({ watchedSince: date(390), jobs: [], gone, formerJobs: new Set(['mnist-u000-1']) })).toEqual(
      doubt,
    );
    // It has waited for its turn, under our eyes or by what the status remembers.
    expect(alone({})).toEqual(sure);
    const pods = podsToRemember({ runs: runs({ jobs, pods: [second] }) });
    expect(alone({ watchedSince: date(390), previous: { pods } })).toEqual(sure);
    // The doubt stays, too.
    const doubtful = podsToRemember({ runs: runs({ jobs, pods: [second], watchedSince: date(390) }) });
    expect(alone({ watchedSince: date(800), previous: { pods: doubtful } })).toEqual(doubt);
  });

  it('had none before it while its Job was held back from its creation on, as by a queue', () => {
    const held = (change: JobChange) => {
      const lastTransitionTime = time(395);
      const conditions = [{ type: 'Suspended', status: 'False', reason: 'JobResumed', lastTransitionTime }];
      const job = aJob({ createdAt: 3, generation: 2, conditions, ...change });
      return runs({ jobs: [job], pods: [second], watchedSince: date(398) });
    };
    const [run, ...others] = held({});
    expect(others).toEqual([]);
    // All that time it has waited to begin.
    expect(run).toMatchObject({ created: date(3), start: date(410) });
    // Held back, let go, held back again and let go again: a pod may have come in between.
    expect(held({ generation: 4 })).toHaveLength(2);
    expect(held({ conditions: [] })).toHaveLength(2);
    const lastTransitionTime = time(200);
    expect(held({ conditions: [{ type: 'Suspended', status: 'False', lastTransitionTime }] })).toHaveLength(
      2,
    );
  });
});

describe('a Job that never had a pod', () => {
  const gone = { pods: [], jobs: [{ object: aJob({ createdAt: 5 }), at: date(50) }] };

  it('has run for no time, if somebody has watched it all the time', () => {
    const [run] = runs({ gone });
    expect(run).toMatchObject({ unit: 'unit-000', attempt: 1, name: 'mnist-u000-1', end: date(50) });
    expect(run).not.toHaveProperty('start');
    // The operator's clock may differ from that of the API server.
    expect(runs({ gone, watchedSince: date(0) })).toEqual([]);
  });

  it('is told from one that had one', () => {
    const pods = [{ name: 'x', unit: 'unit-000', attempt: 1, startTime: time(10) }];
    expect(runs({ gone, previous: { pods } })).toHaveLength(1);
  });
});
