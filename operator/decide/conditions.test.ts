import { describe, expect, it } from 'vitest';
import {
  anObserved,
  anUnpreparedJob,
  at,
  collapsed,
  distilled,
  failed,
  finetuned,
  running,
} from './builders.ts';
import { decide } from './decide.ts';
import type { Observed, ObservedAttempt } from './observed.ts';

const three = [distilled('unit-000', 'a'), distilled('unit-001', 'b'), distilled('unit-002', 'c')];
const stop = { reason: 'Suspended', message: 'spec.suspend is true.' } as const;
const waiting = { reason: 'WaitingForImage', message: 'unit-000 waits for its image.' };
const quota = { reason: 'QuotaExceeded', message: 'mnist-u001-1 waits for quota.' };
const invalid = { reason: 'InvalidSpec', message: 'It could not work.' };
const limit = (backoffLimit: number) => ({ policy: { backoffLimit, onUnitFailure: 'Fail' } }) as const;

/** Every condition, as `type=status reason`, in the order of the types. */
function conditions(observed: Observed, now = at(20)): string[] {
  const { status } = decide(observed, now);
  return (status.conditions ?? [])
    .map(({ type, status: value, reason }) => `${type}=${value} ${reason}`)
    .sort();
}

const goesOn = (reason: string): string[] => [`Ready=Unknown ${reason}`, `Reconciling=True ${reason}`];
const failedFor = (reason: string): string[] => [
  `Failed=True ${reason}`,
  `Finished=True ${reason}`,
  `Ready=False ${reason}`,
  `Stalled=True ${reason}`,
];
const isComplete = ['Complete=True Complete', 'Finished=True Complete', 'Ready=True Complete'];
const isSuspended = ['Ready=Unknown Suspended', 'Suspended=True Suspended'];

describe('the conditions, by the table of the design', () => {
  it.each([
    { of: 'a new job', observed: anUnpreparedJob(), expected: goesOn('Pending') },
    {
      of: 'a job that is prepared',
      observed: anUnpreparedJob([running('prepare')]),
      expected: goesOn('Preparing'),
    },
    {
      of: 'units that run',
      observed: anObserved([running('unit-000')]),
      expected: goesOn('Distilling'),
    },
    {
      of: 'fine-tuning',
      observed: anObserved([...three, running('finetune')]),
      expected: goesOn('Finetuning'),
    },
    {
      of: 'a first pod that waits for its image',
      observed: anUnpreparedJob([running('prepare', { state: 'Pending', startTime: undefined, waiting })]),
      expected: goesOn('WaitingForImage'),
    },
    {
      of: 'a unit that waits while another one runs',
      observed: anObserved([running('unit-001'), running('unit-000', { state: 'Pending', waiting })]),
      expected: goesOn('Distilling'),
    },
    {
      of: 'a Job in a queue',
      observed: anObserved([
        running('unit-000', { state: 'Pending', waiting: { reason: 'Queued', message: 'In its turn.' } }),
      ]),
      expected: goesOn('Queued'),
    },
    {
      of: 'a Job that quota keeps from being made',
      observed: anObserved([], { obstacle: quota }),
      expected: goesOn('QuotaExceeded'),
    },
    {
      of: 'a job on one node',
      observed: anObserved([running('unit-000')], {
        notices: [{ type: 'SingleNode', reason: 'ReadWriteOnce', message: 'One node.' }],
      }),
      expected: [...goesOn('Distilling'), 'SingleNode=True ReadWriteOnce'],
    },
    {
      of: 'a job told to stand still while a unit runs',
      observed: anObserved([running('unit-000')], { stop }),
      expected: goesOn('Stopping'),
    },
    {
      of: 'a job told to stand still while a pod is ending',
      observed: anObserved([running('unit-000', { stopping: true })], { stop }),
      expected: goesOn('Stopping'),
    },
    { of: 'a suspended new job', observed: anUnpreparedJob([], { stop }), expected: isSuspended },
    { of: 'a suspended job between units', observed: anObserved([], { stop }), expected: isSuspended },
    { of: 'a suspended job before finetune', observed: anObserved(three, { stop }), expected: isSuspended },
    {
      of: 'a suspended job whose pod was given up',
      observed: anObserved([running('unit-000', { state: 'Interrupted', abandoned: true })], { stop }),
      expected: isSuspended,
    },
    { of: 'a complete job', observed: anObserved([...three, finetuned()]), expected: isComplete },
    {
      of: 'a job that was complete when it was told to stand still',
      observed: anObserved([...three, finetuned()], { stop }),
      expected: isComplete,
    },
    { of: 'an invalid job', observed: anUnpreparedJob([], { invalid }), expected: failedFor('InvalidSpec') },
    {
      of: 'bad input',
      observed: anObserved([failed('unit-000', { exitCode: 64 })]),
      expected: failedFor('InvalidInput'),
    },
    {
      of: 'a unit that failed for good',
      observed: anObserved([failed('unit-000')], limit(0)),
      expected: failedFor('UnitFailed'),
    },
    {
      of: 'blocks that all collapsed',
      observed: anObserved([
        collapsed('unit-000', 'a'),
        collapsed('unit-001', 'b'),
        collapsed('unit-002', 'c'),
      ]),
      expected: failedFor('NothingReplaced'),
    },
    {
      of: 'a student that is too bad',
      observed: anObserved([...three, finetuned({ accepted: false })]),
      expected: failedFor('NotAccepted'),
    },
    {
      of: 'time that is up',
      observed: anObserved([running('unit-000')], {
        policy: { ...limit(3).policy, activeDeadlineSeconds: 25 },
      }),
      expected: failedFor('DeadlineExceeded'),
    },
  ])('of $of', ({ observed, expected }) => {
    expect(conditions(observed)).toEqual(expected.toSorted());
  });

  it('quote the first line of what a worker said', () => {
    const observed = anObserved([failed('unit-000', { message: 'It broke.\n    at train (train.ts:1)' })]);
    const message = decide(observed, at(11)).status.conditions?.find(({ type }) => type === 'Ready')?.message;
    expect(message).toBe('The units are about to start. unit-000 failed: It broke.');
  });

  it.each([
    { waits: [1], message: 'unit-001 waits for a node: none' },
    { waits: [1, 2], message: 'unit-001 waits for a node: none. The same holds for 1 other unit.' },
    { waits: [1, 2, 3], message: 'unit-001 waits for a node: none. The same holds for 2 other units.' },
  ])('say how many units wait for the same reason: of $waits', ({ waits, message }) => {
    const pending = (unit: string, reason: string, said: string): ObservedAttempt =>
      running(unit, { state: 'Pending', waiting: { reason, message: `${unit} waits for ${said}` } });
    const attempts = [
      ...waits.map((index) => pending(`unit-00${index}`, 'WaitingForNode', 'a node: none')),
      pending('unit-004', 'WaitingForImage', 'its image'),
      running('unit-000', { state: 'Pending' }),
    ];
    const { status } = decide(anObserved(attempts), at(11));
    const ready = status.conditions?.find(({ type }) => type === 'Ready');
    expect(ready).toMatchObject({ reason: 'WaitingForNode', message });
  });
});
