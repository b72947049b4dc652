import { describe, expect, test } from 'vitest';
import { faults } from './audit-of.ts';
import { events, job, jobUid, pod, resource, type Step } from './builders.ts';
import { podRecord } from './history.ts';

const unit = job('mnist-u000-1');
const next = job('mnist-u000-2', { attempt: '2' });
const first = pod('first', unit);

describe('maxParallel', () => {
  const units = [0, 1, 2].map((index) => job(`mnist-u00${index}-1`, { unit: String(index) }));
  const three = (limit: number, edit: number) =>
    events(
      ['ADDED', resource({ maxParallel: 3 }), 0],
      ['MODIFIED', resource({ maxParallel: limit, generation: 2 }), edit],
      ['ADDED', units[0]!, 10],
      ['ADDED', units[1]!, 10],
      ['ADDED', units[2]!, 10],
    );

  test('is the most units at once', () => {
    expect(faults(three(2, 1))).toEqual([
      `max-parallel: Job mnist-u002-1 (resourceVersion 104) makes 3 live units of ${jobUid}, where 2 are allowed.`,
    ]);
    expect(faults(three(3, 1))).toEqual([]);
  });

  test('leaves out a unit whose pod has succeeded, though its Job is not Complete yet', () => {
    const [a, b, c] = [units[0]!, units[1]!, units[2]!];
    const history = (phase: string) =>
      events(
        ['ADDED', resource()],
        ['ADDED', a],
        ['ADDED', pod('a', a, { phase })],
        ['ADDED', b],
        ['ADDED', c],
      );
    expect(faults(history('Succeeded'))).toEqual([]);
    expect(faults(history('Failed'))).toHaveLength(1);
  });

  test('may have been another a moment ago', () => {
    expect(faults(three(2, 6))).toEqual([]);
  });
});

describe('attempts', () => {
  const failedPod = { ...first, phase: 'Failed', failed: true };
  const tried = (backoffLimit: number, ...between: readonly Step[]) =>
    faults(
      events(
        ['ADDED', resource({ backoffLimit })],
        ['ADDED', unit],
        ['ADDED', first],
        ...between,
        ['MODIFIED', { ...unit, finished: 'Failed' }],
        ['ADDED', next],
      ),
    );

  test('end when more have failed by themselves than backoffLimit allows', () => {
    expect(tried(0, ['MODIFIED', failedPod])).toEqual([
      `too-many-attempts: Job mnist-u000-2 (resourceVersion 105) was made for distill 0 of ${jobUid} though mnist-u000-1 had failed, where backoffLimit is 0.`,
    ]);
    expect(tried(1, ['MODIFIED', failedPod])).toEqual([]);
  });

  test('go on where a result is only asked for again', () => {
    const asked = (finished: 'Complete' | 'Failed') =>
      faults(
        events(
          ['ADDED', resource({ backoffLimit: 0 })],
          ['ADDED', unit],
          ['MODIFIED', { ...unit, finished }],
          ['ADDED', next],
          ['ADDED', { ...failedPod, uid: 'asking', ownerUid: next.uid }],
          ['MODIFIED', { ...next, finished: 'Failed' }],
          ['ADDED', { ...next, uid: 'third', name: 'mnist-u000-3', attempt: '3' }],
        ),
      ).filter((fault) => fault.startsWith('too-many-attempts'));
    expect(asked('Complete')).toEqual([]);
    expect(asked('Failed')).toHaveLength(1);
  });

  const attempts = (...steps: readonly Step[]) =>
    faults(events(['ADDED', resource({ backoffLimit: 0 })], ...steps)).filter((fault) =>
      fault.startsWith('too-many-attempts'),
    );

  test('end also after a failure of which only the note on its Job is left', () => {
    const noted = { ...unit, finished: 'Failed', failureNoted: true } as const;
    const gone = (failed: Step[1]) =>
      attempts(
        ['ADDED', unit],
        ['ADDED', failedPod],
        ['MODIFIED', failed],
        ['DELETED', failedPod],
        ['ADDED', next],
      );
    expect(gone(noted)).toHaveLength(1);
    expect(gone({ ...noted, failureNoted: false })).toEqual([]);
  });

  test('count a failure that is seen twice, by the pod and by the note, as one', () => {
    const noted = { ...unit, finished: 'Failed', failureNoted: true } as const;
    expect(tried(1, ['MODIFIED', failedPod], ['MODIFIED', noted])).toEqual([]);
  });

  test.each([
    { that: 'is being deleted', failed: { finished: 'Failed', deleting: true } },
    { that: 'was of another unit', failed: { finished: 'Failed', unit: '1' } },
    { that: 'was of another stage', failed: { finished: 'Failed', stage: 'prepare' } },
    { that: 'was of another DistillationJob', failed: { finished: 'Failed', jobUid: 'd-2' } },
    { that: 'has not ended', failed: { finished: undefined } },
  ] as const)('go on after a Job that $that', ({ failed }) => {
    const after = (fields: Partial<typeof unit>) =>
      attempts(['ADDED', { ...unit, ...fields }], ['ADDED', failedPod], ['ADDED', next]);
    expect(after(failed)).toEqual([]);
    expect(after({ finished: 'Failed' })).toHaveLength(1);
  });

  test('end though another unit is complete', () => {
    const other = job('mnist-u001-1', { unit: '1', finished: 'Complete' });
    const failed = { ...unit, finished: 'Failed' } as const;
    expect(attempts(['ADDED', other], ['ADDED', failed], ['ADDED', failedPod], ['ADDED', next])).toHaveLength(
      1,
    );
  });

  test('go on where a result is asked for again whose Job was deleted before it was complete', () => {
    const asked = (phase: string) =>
      attempts(
        ['ADDED', unit],
        ['ADDED', { ...first, phase }],
        ['DELETED', unit],
        ['ADDED', { ...next, failureNoted: true }],
        ['MODIFIED', { ...next, failureNoted: true, finished: 'Failed' }],
        ['ADDED', job('mnist-u000-3', { attempt: '3' })],
      );
    expect(asked('Succeeded')).toEqual([]);
    expect(asked('Running')).toHaveLength(1);
  });

  test('go on after those that were disturbed, or of which nothing is left to see', () => {
    expect(tried(0, ['MODIFIED', { ...failedPod, failed: false }])).toEqual([]);
    expect(tried(0, ['MODIFIED', failedPod], ['DELETED', failedPod])).toEqual([]);
  });

  test.each([
    { of: 'exit 1', status: { state: { terminated: { exitCode: 1 } } }, failed: true },
    { of: 'memory', status: { state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }, failed: true },
    { of: 'a kill', status: { state: { terminated: { exitCode: 137, reason: 'Error' } } }, failed: false },
    { of: 'a stop', status: { state: { terminated: { exitCode: 75 } } }, failed: false },
    { of: 'a node', status: { state: { terminated: { exitCode: 1 } } }, disrupted: true, failed: false },
    { of: 'nothing', status: { state: {} }, failed: false },
  ])('fail by themselves, or not: by $of', ({ status, disrupted = false, failed }) => {
    const conditions = disrupted ? [{ type: 'DisruptionTarget', status: 'True' }] : [];
    const found = podRecord({
      metadata: {},
      spec: { containers: [] },
      status: { conditions, containerStatuses: [status] },
    });
    expect(found.failed).toBe(failed);
  });
});
