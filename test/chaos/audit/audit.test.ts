import { describe, expect, test } from 'vitest';
import { events, job, jobUid, pod, resource, statusOf, training } from './builders.ts';
import { auditOf, faults } from './audit-of.ts';

const unit = job('mnist-u000-1');
const next = job('mnist-u000-2', { attempt: '2' });
const first = pod('first', unit);
const block = { name: 'conv1', layers: 'conv1', state: 'Distilled' } as const;

describe('an audit', () => {
  test('finds nothing wrong with a job that goes as it should', () => {
    const results = [{ path: 'unit-000/uid-of-second/result.json', digest: 'sha256:uid-of-second' as const }];
    const finetune = job('mnist-f000-1', { stage: 'finetune', results });
    const second = pod('second', next);
    const history = events(
      ['ADDED', resource({ status: { observedGeneration: -1 } })],
      ['MODIFIED', resource({ status: statusOf('Distilling') })],
      ['ADDED', unit],
      ['ADDED', first],
      ['MODIFIED', { ...first, phase: 'Running' }],
      ['MODIFIED', { ...first, phase: 'Failed' }],
      ['MODIFIED', { ...unit, finished: 'Failed' }],
      ['ADDED', next],
      ['ADDED', second],
      ['MODIFIED', { ...second, phase: 'Running' }],
      ['MODIFIED', { ...second, phase: 'Succeeded' }],
      ['MODIFIED', { ...next, finished: 'Complete' }],
      ['ADDED', finetune],
      ['MODIFIED', { ...finetune, finished: 'Complete' }],
      ['MODIFIED', resource({ status: statusOf('Complete') })],
    );
    const report = auditOf(history, [training('uid-of-first', 4), training('uid-of-second', 9, 10)]);
    expect(report).toEqual({
      violations: [],
      counts: { distillationJobs: 1, complete: 1, failed: 0, jobs: 3, pods: 2, trainings: 2 },
      statusWrites: { total: 2, mostOfAJob: 2, mostInASecond: 1 },
    });
  });

  test('fails when a part of the history is missing', () => {
    expect(auditOf([], [], ['Events of pods are lost.']).violations).toEqual([
      { rule: 'gap', sentence: 'Events of pods are lost.' },
    ]);
  });
});

describe('duplicate children', () => {
  test('are two live Jobs for one unit', () => {
    expect(faults(events(['ADDED', unit], ['ADDED', next]))).toEqual([
      `duplicate: Job mnist-u000-2 (resourceVersion 101) was created for distill 0 of ${jobUid} while Job mnist-u000-1 was live.`,
    ]);
  });

  test('are none when the first has finished or is being deleted', () => {
    const finished = { ...unit, finished: 'Failed' } as const;
    expect(faults(events(['ADDED', unit], ['MODIFIED', finished], ['ADDED', next]))).toEqual([]);
    const deleting = { ...unit, deleting: true };
    expect(faults(events(['ADDED', unit], ['MODIFIED', deleting], ['ADDED', next]))).toEqual([]);
  });

  test('are two Jobs for the same attempt, though the first has finished', () => {
    const again = { ...unit, uid: 'other', name: 'mnist-other' };
    const history = events(['ADDED', unit], ['MODIFIED', { ...unit, finished: 'Failed' }], ['ADDED', again]);
    expect(faults(history)).toEqual([expect.stringContaining('was there with the same attempt 1.')]);
    const deleted = events(['ADDED', unit], ['DELETED', unit], ['ADDED', again]);
    expect(faults(deleted)).toEqual([]);
  });

  test('are running pods of two Jobs, until the first may be taken for lost', () => {
    const running = { ...first, phase: 'Running', deleting: true };
    const second = pod('second', next, { phase: 'Running' });
    const history = (seconds: number) =>
      events(
        ['ADDED', unit],
        ['ADDED', first],
        ['MODIFIED', running, 10],
        ['DELETED', unit, 11],
        ['ADDED', next, 12],
        ['ADDED', second, seconds],
      );
    expect(faults(history(309))).toEqual([
      `duplicate: Pod second runs from resourceVersion 105 on while pod first of another Job still works on distill 0 of ${jobUid}.`,
    ]);
    expect(faults(history(310))).toEqual([]);
  });

  test('are not two pods of one Job, which are its controller’s', () => {
    const twins = ['a', 'b'].map((name) => pod(name, unit, { phase: 'Running' }));
    expect(faults(events(['ADDED', unit], ['ADDED', twins[0]!], ['ADDED', twins[1]!]))).toEqual([]);
  });

  test('are not pods that the controller of a Job makes before it hears that the Job is deleted', () => {
    expect(faults(events(['ADDED', unit], ['DELETED', unit], ['ADDED', first]))).toEqual([]);
    expect(faults(events(['ADDED', unit], ['DELETED', unit], ['ADDED', { ...first, unit: '1' }]))).toEqual([
      expect.stringContaining('belongs to Job mnist-u000-1.'),
    ]);
  });

  test('are pods and Jobs of a foreign owner', () => {
    const foreign = pod('stray', unit, { ownerUid: 'someone' });
    expect(faults(events(['ADDED', unit], ['ADDED', foreign]))).toEqual([
      expect.stringContaining('belongs to no Job.'),
    ]);
    expect(faults(events(['ADDED', job('adopted', { ownerUid: 'someone' })]))).toEqual([
      expect.stringContaining('belongs to someone.'),
    ]);
  });
});

describe('finished work that is done again', () => {
  const owned = events(
    ['ADDED', unit],
    ['ADDED', first],
    ['ADDED', pod('twin', unit)],
    ['MODIFIED', { ...unit, finished: 'Failed' }],
    ['ADDED', next],
    ['ADDED', pod('second', next)],
  );

  test('is a training that begins after the commit, whatever becomes of it', () => {
    expect(faults(owned, [training('uid-of-first', 1, 2), training('uid-of-second', 3)])).toEqual([
      expect.stringMatching(
        /^retrained: .*pod uid-of-second began after it had been committed by pod uid-of-first/,
      ),
    ]);
  });

  test('is a commit by two Jobs at the same time', () => {
    expect(faults(owned, [training('uid-of-first', 1, 4), training('uid-of-second', 3, 5)])).toEqual([
      expect.stringContaining('committed what had also been committed by pod uid-of-first'),
    ]);
  });

  test('is not what two pods of one Job do at the same time, nor work that goes on after a stop', () => {
    expect(faults(owned, [training('uid-of-first', 1, 4), training('uid-of-twin', 3, 5)])).toEqual([]);
    expect(faults(owned, [training('uid-of-first', 1), training('uid-of-second', 3, 5)])).toEqual([]);
  });
});

describe('lost results', () => {
  const finetune = (...digests: string[]) =>
    job('mnist-f000-1', {
      stage: 'finetune',
      finished: 'Complete',
      results: digests.map((digest) => ({ path: 'x', digest: `sha256:${digest}` })),
    });
  const complete = resource({ status: statusOf('Complete') });

  test('are committed units that finetune was not told', () => {
    const ledger = [training('a', 1, 2, 'unit-000'), training('b', 1, 2, 'unit-001')];
    expect(faults(events(['ADDED', finetune('a')], ['ADDED', complete]), ledger)).toEqual([
      'lost-result: DistillationJob mnist is Complete (resourceVersion 101), but Job mnist-f000-1 was not told unit-001/b/result.json, committed for unit-001.',
    ]);
    expect(faults(events(['ADDED', finetune('a', 'b')], ['ADDED', complete]), ledger)).toEqual([]);
  });

  test('are all of a job that is Complete without a finetune Job', () => {
    expect(faults(events(['ADDED', complete]))).toEqual([
      expect.stringContaining('is Complete (resourceVersion 100) without a finetune Job'),
    ]);
  });

  test('are Distilled blocks that become something else, or are no longer listed', () => {
    const at = (blocks?: readonly { name: string; layers: string; state: 'Distilled' | 'Pending' }[]) =>
      resource({ status: statusOf('Distilling', blocks === undefined ? {} : { blocks: [...blocks] }) });
    const pending = { ...block, state: 'Pending' } as const;
    expect(faults(events(['ADDED', at([block])], ['MODIFIED', at([pending])]))).toEqual([
      'lost-result: Block conv1 of DistillationJob mnist was Distilled and is Pending at resourceVersion 101.',
    ]);
    expect(faults(events(['ADDED', at([block])], ['MODIFIED', at()]))).toEqual([
      expect.stringContaining('is not listed at resourceVersion 101'),
    ]);
  });

  test('are none when somebody empties the status by hand', () => {
    const history = events(
      ['ADDED', resource({ status: statusOf('Distilling', { blocks: [block] }) })],
      ['MODIFIED', resource({ status: { observedGeneration: -1 } })],
      ['MODIFIED', resource({ status: statusOf('Distilling', { blocks: [block] }) })],
    );
    expect(faults(history)).toEqual([]);
  });
});

describe('a job that has not ended', () => {
  const unended = (fields: Parameters<typeof resource>[0]) =>
    auditOf(events(['ADDED', resource(fields)])).violations.map(({ sentence }) => sentence);

  test('is reported, unless it was told to stand still or is deleted', () => {
    expect(unended({ status: statusOf('Distilling') })).toEqual([
      'DistillationJob mnist has not ended: its phase is Distilling.',
    ]);
    expect(unended({ status: statusOf('Suspended'), suspend: true })).toEqual([]);
    expect(unended({ status: statusOf('Failed') })).toEqual([]);
    expect(auditOf(events(['ADDED', resource()], ['DELETED', resource()])).violations).toEqual([]);
  });
});

describe('the status', () => {
  const statusFaults = (...statuses: ReturnType<typeof statusOf>[]) =>
    faults(events(...statuses.map((status) => ['MODIFIED', resource({ status })] as const)));

  test.each([
    ['Distilling', ['Ready=True', 'Reconciling=True'], 'Ready is True in phase Distilling, not Unknown.'],
    ['Distilling', ['Ready=Unknown'], 'Reconciling is absent in phase Distilling, not True.'],
    [
      'Distilling',
      ['Ready=Unknown', 'Reconciling=True', 'Stalled=False'],
      'Stalled is False in phase Distilling, where it must be absent.',
    ],
    [
      'Suspended',
      ['Ready=Unknown', 'Suspended=True', 'Reconciling=True'],
      'Reconciling is True in phase Suspended, where it must be absent.',
    ],
    [
      'Failed',
      ['Ready=False', 'Failed=True', 'Finished=True'],
      'Stalled is absent in phase Failed, not True.',
    ],
    [
      'Failed',
      ['Ready=False', 'Failed=True', 'Finished=True', 'Stalled=True', 'Suspended=True'],
      'Suspended is True in phase Failed, where it must be absent.',
    ],
  ] as const)('follows the table in phase %s, unlike %j', (phase, conditions, mistake) => {
    expect(statusFaults(statusOf(phase))).toEqual([]);
    expect(statusFaults(statusOf(phase, { conditions }))).toEqual([
      `status: DistillationJob mnist at resourceVersion 100: ${mistake}`,
    ]);
  });

  test('speaks of no generation that is not there yet, and of none before the last one', () => {
    expect(statusFaults(statusOf('Distilling', { observed: 2 }))).toEqual([
      expect.stringContaining('observedGeneration 2 is above its generation 1.'),
    ]);
    const edited = (observed: number) =>
      resource({ generation: 3, status: statusOf('Distilling', { observed }) });
    expect(faults(events(['ADDED', edited(3)], ['MODIFIED', edited(2)]))).toEqual([
      expect.stringContaining('observedGeneration went back from 3 to 2.'),
    ]);
  });

  test('stays Finished, unless spec.retry is raised', () => {
    const failed = resource({ status: statusOf('Failed') });
    const reopened = (retry: number) => resource({ retry, status: statusOf('Distilling') });
    expect(faults(events(['ADDED', failed], ['MODIFIED', reopened(0)]))).toEqual([
      expect.stringContaining('it was Finished, and is Distilling though spec.retry is still 0.'),
    ]);
    expect(faults(events(['ADDED', failed], ['MODIFIED', reopened(1)]))).toEqual([]);
  });

  test('stays Finished through a status that was emptied by hand', () => {
    const failed = resource({ status: statusOf('Failed') });
    const emptied = resource({ status: { observedGeneration: -1 } });
    expect(faults(events(['ADDED', failed], ['MODIFIED', emptied], ['MODIFIED', failed]))).toEqual([]);
    const reopened = resource({ status: statusOf('Distilling') });
    expect(faults(events(['ADDED', failed], ['MODIFIED', emptied], ['MODIFIED', reopened]))).toHaveLength(1);
  });

  test('is not Suspended while a pod is there', () => {
    const suspended = resource({ suspend: true, status: statusOf('Suspended') });
    const history = (phase: string) =>
      events(['ADDED', unit], ['ADDED', { ...first, phase }], ['ADDED', suspended]);
    expect(faults(history('Running'))).toEqual([
      expect.stringContaining('it is Suspended while pod first is there.'),
    ]);
    expect(faults(history('Failed'))).toEqual([]);
  });

  test('stays Suspended until it is told to go on', () => {
    const suspended = resource({ suspend: true, status: statusOf('Suspended') });
    const running = (suspend: boolean, generation = 1) =>
      resource({ suspend, generation, status: statusOf('Distilling') });
    const from = { ...suspended, generation: 1 };
    expect(faults(events(['ADDED', from], ['MODIFIED', running(true)]))).toEqual([
      expect.stringContaining('it was Suspended, and is Distilling though spec.suspend is still true.'),
    ]);
    expect(faults(events(['ADDED', from], ['MODIFIED', running(false, 2)]))).toEqual([]);
  });
});

describe('children after the end', () => {
  const failed = resource({ status: statusOf('Failed') });

  test('are Jobs that are made for a finished job', () => {
    const made = { ...unit, finished: 'Failed' } as const;
    expect(faults(events(['ADDED', failed], ['ADDED', made]))).toEqual([
      'after-the-end: Job mnist-u000-1 (resourceVersion 101) was made after DistillationJob mnist had ended.',
    ]);
    const retried = resource({ retry: 1, status: statusOf('Failed') });
    expect(faults(events(['ADDED', failed], ['MODIFIED', retried], ['ADDED', made]))).toHaveLength(0);
  });

  test('are Jobs that a finished or deleted job leaves behind', () => {
    expect(faults(events(['ADDED', unit], ['ADDED', failed]))).toEqual([
      'after-the-end: Job mnist-u000-1 is still live though DistillationJob mnist has ended.',
    ]);
    expect(faults(events(['ADDED', failed], ['DELETED', failed], ['ADDED', unit]))).toContain(
      'after-the-end: Job mnist-u000-1 is still live though DistillationJob mnist is deleted.',
    );
  });
});

describe('status writes', () => {
  test('are counted by job and by second, without edits of the spec', () => {
    const other = { ...resource(), uid: 'd-2' };
    const history = events(
      ['ADDED', resource(), 0],
      ['ADDED', other, 0],
      ['MODIFIED', resource(), 1.1],
      ['MODIFIED', resource(), 1.2],
      ['MODIFIED', other, 1.3],
      ['MODIFIED', { ...other, generation: 2 }, 1.4],
      ['MODIFIED', resource(), 2],
    );
    expect(auditOf(history).statusWrites).toEqual({ total: 4, mostOfAJob: 3, mostInASecond: 3 });
  });
});
