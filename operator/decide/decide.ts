import { decideBaseline, isMeasuring } from './baseline.ts';
import type { Decision } from './decision.ts';
import { decideRemovals, secondsToExpiry } from './cleanup.ts';
import { secondsToDeadline, secondsToPendingDeadline } from './deadline.ts';
import { decideDispatch } from './dispatch.ts';
import { eventsOf } from './events.ts';
import { decideFinetune } from './finetune.ts';
import type { Observed } from './observed.ts';
import { decidePrepare } from './prepare.ts';
import { describeStatus } from './status.ts';
import { allUnits, viewUnits, type UnitViews } from './units.ts';
import { judge } from './verdict.ts';

/**
 * What to do next, from what is observed alone. Pure: whoever gathers `observed` and carries the decision out may be the
 * operator or the local runner.
 *
 * A job that has once been said to be finished stays so, whatever becomes of its children, until it is reopened.
 */
export function decide(observed: Observed, now: Date): Decision {
  const units = viewUnits(observed);
  if (observed.reopened !== true && observed.previous !== undefined && isFinished(observed.previous)) {
    return afterTheEnd(units, { ...observed, previous: observed.previous }, now);
  }
  const verdict = judge(units, observed, now);
  const status = describeStatus(units, observed, verdict, now);
  const mayStart = verdict.kind === 'Open' && observed.stop === undefined && observed.invalid === undefined;
  const requeueAfterSeconds = mayStart
    ? nextLook(units, observed, now)
    : secondsOrNever(secondsUntil(observed.changesAt, now));
  return {
    create: mayStart ? startable(units, observed, now) : [],
    remove: decideRemovals(units, observed, verdict),
    status,
    events: eventsOf(status, units, observed),
    ...(requeueAfterSeconds === undefined ? {} : { requeueAfterSeconds }),
  };
}

/** What is left to do: end what still runs, and clear away what has ended once its time has come. */
function afterTheEnd(
  units: UnitViews,
  observed: Observed & { readonly previous: NonNullable<Observed['previous']> },
  now: Date,
): Decision {
  const { previous, attempts } = observed;
  const left = secondsToExpiry(observed, now);
  const remove = left > 0 ? decideRemovals(units, observed, { kind: 'Complete', message: '' }) : attempts;
  return {
    create: [],
    remove: remove.map(({ unit, id }) => ({ unit, id })),
    status: { ...previous, observedGeneration: observed.generation },
    events: [],
    ...(left > 0 && left < Infinity && attempts.length > 0 ? { requeueAfterSeconds: left } : {}),
  };
}

export function isFinished(status: NonNullable<Observed['previous']>): boolean {
  return (
    status.conditions?.some(({ type, status: value }) => type === 'Finished' && value === 'True') ?? false
  );
}

function startable(units: UnitViews, observed: Observed, now: Date): Decision['create'] {
  if (units.prepare.state.kind !== 'Done') return decidePrepare(units.prepare, now);
  // It was told what there is: a unit that counts anew since then would train for nobody.
  if (units.finetune.state.kind === 'Active') return [];
  if (isMeasuring(units, observed)) return decideBaseline(units, observed, now);
  const finetune = decideFinetune(units, observed.prepared, now);
  return finetune.length > 0 ? finetune : decideDispatch(units.distill, observed, now);
}

/** The end of the nearest back-off, a deadline, or what else comes with time. */
function nextLook(units: UnitViews, observed: Observed, now: Date): number | undefined {
  const backoffs = allUnits(units).flatMap(({ state }) =>
    state.kind === 'Waiting' && state.notBefore !== undefined && state.notBefore > now
      ? [(state.notBefore.getTime() - now.getTime()) / 1000]
      : [],
  );
  const moments = [...backoffs, secondsToDeadline(observed, now), secondsToPendingDeadline(observed, now)];
  return secondsOrNever(Math.min(...moments, secondsUntil(observed.changesAt, now)));
}

function secondsOrNever(seconds: number): number | undefined {
  return seconds === Infinity ? undefined : Math.max(0, seconds);
}

function secondsUntil(time: Date | undefined, now: Date): number {
  return time === undefined ? Infinity : (time.getTime() - now.getTime()) / 1000;
}
