import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import type { ChildJob } from './children.ts';
import { withOutOfSight } from './out-of-sight.ts';
import { aJob } from './testing/children.ts';
import { preparedMessage } from './testing/messages.ts';
import { at, observe } from './testing/observe.ts';

const plan = { record: 'Plan', message: preparedMessage(), units: [['conv_1'], ['conv_2']] } as const;
const until = at(210);

type Block = NonNullable<DistillationJobStatus['blocks']>[number];

const status = (change: Partial<Block>, phase: DistillationJobStatus['phase'] = 'Distilling') => ({
  phase,
  blocks: [
    { name: 'conv_1', layers: 'conv_1', state: 'Running', attempts: 2, ...change } as const,
    { name: 'conv_2', layers: 'conv_2', state: 'Pending', attempts: 0 } as const,
  ],
});
const see = (given: DistillationJobStatus, jobs: readonly ChildJob[] = []) =>
  withOutOfSight(observe({ jobs }), {
    object: { status: given },
    record: { plan, student: undefined },
    until,
  });

describe('an attempt that the status has counted and nobody sees', () => {
  it('may have a pod that is yet to come', () => {
    expect(see(status({}))).toMatchObject({
      attempts: [{ unit: 'unit-000', number: 2, state: 'Pending', stopping: true }],
      changesAt: until,
    });
  });

  it('may have one, too, when the job has failed: that was said before what still ran was removed', () => {
    expect(see(status({}, 'Failed')).attempts).toMatchObject([{ unit: 'unit-000', number: 2 }]);
  });

  it.each([
    { what: 'something else', changesAt: at(205), expected: at(205) },
    { what: 'its pod, if it comes at all,', changesAt: at(215), expected: until },
  ])('is looked at again as soon as $what may change', ({ changesAt, expected }) => {
    const seen = withOutOfSight(
      { ...observe({}), changesAt },
      { object: { status: status({}) }, record: { plan, student: undefined }, until },
    );
    expect(seen.changesAt).toEqual(expected);
  });

  it('is not followed by one that has begun already', () => {
    expect(see(status({}), [aJob({ attempt: 1 })]).attempts).toMatchObject([{ number: 1 }, { number: 2 }]);
    expect(see(status({}), [aJob({ attempt: 2 })]).attempts).toHaveLength(1);
  });

  it.each([
    { of: 'its block has come to its end', given: status({ state: 'Distilled' }) },
    { of: 'the job was seen to stand still', given: status({}, 'Suspended') },
    { of: 'the job is complete', given: status({}, 'Complete') },
    { of: 'nothing was ever begun', given: status({ attempts: 0 }) },
  ])('is of the past when $of', ({ given }) => {
    expect(see(given).attempts).toEqual([]);
  });

  it('is of the past for an operator that has run for a while', () => {
    const record = { plan, student: undefined };
    const facts = { object: { status: status({}) }, record, until: undefined };
    expect(withOutOfSight(observe({}), facts).attempts).toEqual([]);
  });

  it('may be one at prepare or finetune', () => {
    const record = { plan: undefined, student: undefined };
    const prepared = { phase: 'Preparing', attempts: { prepare: 1 } } as const;
    const unprepared = withOutOfSight(observe({}), { object: { status: prepared }, record, until });
    expect(unprepared.attempts).toMatchObject([{ unit: 'prepare', number: 1, stopping: true }]);
    const done = { ...status({ state: 'Distilled' }, 'Finetuning'), attempts: { prepare: 1, finetune: 2 } };
    expect(see(done).attempts).toMatchObject([{ unit: 'finetune', number: 2, stopping: true }]);
    expect(see(done, [aJob({ stage: 'Finetune', attempt: 2 })]).attempts).toHaveLength(1);
  });
});
