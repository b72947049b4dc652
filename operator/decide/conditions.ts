import type { Condition } from '../../crds/status.ts';
import type { Observed, Why } from './observed.ts';
import { isSuspended } from './phase.ts';
import { prepareWarnings } from './prepare-warnings.ts';
import { clip } from './text.ts';
import type { Verdict } from './verdict.ts';

type Draft = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export interface ConditionInput {
  readonly observed: Observed;
  readonly verdict: Verdict;
  /** What goes on. */
  readonly activity: Why;
}

/** The conditions that say where a job is; any other that holds is a warning. */
export const conditionsOfState: ReadonlySet<string> = new Set([
  'Ready',
  'Reconciling',
  'Stalled',
  'Suspended',
  'Complete',
  'Failed',
  'Finished',
]);

/**
 * The conditions of the job by the table of the design (section 5), made so that kstatus reads a job that runs as
 * InProgress, a finished one as Current, and a failed one as Failed.
 */
export function conditionsOf(input: ConditionInput, now: Date): Condition[] {
  const earlier = new Map(
    input.observed.previous?.conditions?.map((condition) => [condition.type, condition]),
  );
  const { observed } = input;
  const drafts = [...stateConditions(input), ...warningConditions(observed), ...noticeConditions(observed)];
  return drafts.map((draft) => {
    const previous = earlier.get(draft.type);
    return {
      ...draft,
      message: clip(draft.message, 4096),
      lastTransitionTime: previous?.status === draft.status ? previous.lastTransitionTime : now.toISOString(),
      observedGeneration: input.observed.generation,
    };
  });
}

function stateConditions({ observed, verdict, activity }: ConditionInput): Draft[] {
  if (verdict.kind === 'Complete') {
    const why = { reason: 'Complete', message: verdict.message };
    return [holds('Ready', why), holds('Complete', why), holds('Finished', why)];
  }
  if (verdict.kind === 'Failed') {
    return [
      { type: 'Ready', status: 'False', reason: verdict.reason, message: verdict.message },
      holds('Stalled', verdict),
      holds('Failed', verdict),
      holds('Finished', verdict),
    ];
  }
  const { stop } = observed;
  if (stop !== undefined && isSuspended(observed)) return [unknown('Ready', stop), holds('Suspended', stop)];
  const why =
    stop === undefined
      ? activity
      : { reason: 'Stopping', message: `${stop.message} Waiting for running units to end.` };
  return [unknown('Ready', why), holds('Reconciling', why)];
}

function warningConditions(observed: Observed): Draft[] {
  const warnings = prepareWarnings(observed);
  return warnings.length === 0 ? [] : [holds('Warning', { reason: 'Prepare', message: warnings.join(' ') })];
}

function noticeConditions({ notices = [] }: Observed): Draft[] {
  return notices.map(({ type, ...why }) => holds(type, why));
}

function holds(type: string, { reason, message }: Why): Draft {
  return { type, status: 'True', reason, message };
}

function unknown(type: string, { reason, message }: Why): Draft {
  return { type, status: 'Unknown', reason, message };
}
