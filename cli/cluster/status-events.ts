import type { DistillationJobStatus } from '../../crds/status.ts';
import { conditionsOfState } from '../../operator/decide/conditions.ts';
import { isFinished } from '../../operator/decide/decide.ts';
import type { JobEvent } from '../../operator/decide/decision.ts';
import { blockEvents } from '../../operator/decide/events.ts';

/** What is news in a status since the last one that was seen. How the job ended is for the outcome to say. */
export function statusEvents(
  status: DistillationJobStatus,
  previous: DistillationJobStatus | undefined,
): JobEvent[] {
  const { conditions = [] } = status;
  const news = conditions.filter(
    ({ type, status: value, message }) =>
      (type === 'Ready' || value === 'True') &&
      previous?.conditions?.find((earlier) => earlier.type === type)?.message !== message,
  );
  const activity = isFinished(status) ? [] : news.filter(({ type }) => type === 'Ready');
  const warnings = news.filter(({ type }) => !conditionsOfState.has(type));
  return [
    ...activity.map(({ reason, message }): JobEvent => ({ type: 'Normal', reason, message })),
    ...warnings.map(({ type, message }): JobEvent => ({ type: 'Warning', reason: type, message })),
    // Those that ended before anyone looked are in the picture.
    ...(previous === undefined ? [] : blockEvents(status, { previous })),
  ];
}
