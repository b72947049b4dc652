import type { UnitMessage } from '../../worker/contract/unit-message.ts';
import { policyOf, trainingOf } from '../decide/job-settings.ts';
import type { Observed, ObservedAttempt, Why } from '../decide/observed.ts';
import { isReopened, settingsOf } from './cached-job.ts';
import type { JobRecord, PlanRecord } from './job-records.ts';
import type { DistillationJobObject } from './kube-objects.ts';
import { unitNameOf } from './names.ts';
import type { ObservedAttempts } from './observe-attempts.ts';

/** Between attempts at one unit. */
const backoff = { baseSeconds: 10, maximumSeconds: 300 };

/** What is decided on for a job that was accepted. */
export function observedOf(
  object: DistillationJobObject,
  { accepted, current, plan, student, revision }: JobRecord,
  { attempts, changesAt }: ObservedAttempts,
): Observed {
  const { generation = 1 } = object.metadata;
  const { retry = 0, suspend } = settingsOf(object);
  const previous = object.status?.phase === undefined ? undefined : object.status;
  return {
    generation,
    policy: policyOf(current),
    training: trainingOf(accepted.compiled),
    attempts: withNoted(withNoted(attempts, plan?.message), student),
    retry,
    revision,
    capacity: Infinity,
    backoff,
    ...(suspend === true ? { stop: { reason: 'Suspended', message: 'spec.suspend is true.' } } : {}),
    ...(plan === undefined ? {} : { prepared: preparedOf(plan) }),
    ...(isReopened(object) ? { reopened: true } : {}),
    ...(previous === undefined ? {} : { previous }),
    ...(changesAt === undefined ? {} : { changesAt }),
  };
}

function preparedOf({ message, units }: PlanRecord): NonNullable<Observed['prepared']> {
  const { plan, profile } = message;
  return { plan, profile, units, reference: planReference(message) };
}

/** The plan lies beside the result of the attempt that made it. */
function planReference({ facts, reference }: PlanRecord['message']) {
  const folder = reference.path.slice(0, reference.path.lastIndexOf('/') + 1);
  return { path: `${folder}${facts.plan.path}`, digest: facts.plan.digest };
}

/**
 * A unit is done once what it said is written down, whatever has become of its Job; another plan or student is none of this
 * job's.
 */
function withNoted(
  attempts: readonly ObservedAttempt[],
  message: UnitMessage | undefined,
): readonly ObservedAttempt[] {
  if (message === undefined) return attempts;
  const { stage, facts, reference } = message;
  const others = attempts.map((attempt) => {
    if (attempt.stage !== stage || attempt.result === undefined) return attempt;
    return attempt.result.reference.digest === reference.digest ? attempt : { ...attempt, superseded: true };
  });
  if (others.some((each) => each.stage === stage && each.result && !each.superseded)) return others;
  const noted: ObservedAttempt = {
    unit: unitNameOf(stage, 0),
    stage,
    id: 'noted',
    number: 1,
    retry: Infinity,
    revision: Infinity,
    state: 'Succeeded',
    startTime: new Date(facts.startTime),
    endTime: new Date(facts.completionTime),
    result: { value: facts, reference },
  };
  return [noted, ...others];
}

/** Of a job that has ended: enough to clear up after it. */
export function restingObserved(
  object: DistillationJobObject,
  attempts: readonly ObservedAttempt[],
): Observed {
  const { ttlSecondsAfterFinished } = settingsOf(object);
  const finished = [
    {
      type: 'Finished',
      status: 'True',
      reason: 'Finished',
      message: '',
      lastTransitionTime: object.status?.completionTime ?? '',
    } as const,
  ];
  return {
    ...emptyObserved(object),
    policy: { onUnitFailure: 'Fail', backoffLimit: 0, ttlSecondsAfterFinished },
    attempts,
    previous: { ...object.status, conditions: finished },
  };
}

/** Of a job that was never accepted. */
export function invalidObserved(object: DistillationJobObject, why: Why): Observed {
  const previous = object.status?.phase === undefined ? undefined : object.status;
  return {
    ...emptyObserved(object),
    invalid: why,
    reopened: true,
    ...(previous === undefined ? {} : { previous }),
  };
}

function emptyObserved(object: DistillationJobObject): Omit<Observed, 'previous'> {
  return {
    generation: object.metadata.generation ?? 1,
    policy: { onUnitFailure: 'Fail', backoffLimit: 0 },
    training: {
      epochs: 1,
      batchSize: 1,
      passes: 1,
      cache: { sessionBytes: 0, diskBytes: 0 },
      finetuneEpochs: 0,
    },
    attempts: [],
    retry: settingsOf(object).retry ?? 0,
    capacity: Infinity,
    backoff,
  };
}
