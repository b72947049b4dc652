import { decide, isFinished } from './decide.ts';
import type { Decision } from './decision.ts';
import type { BaselineJob, Observed } from './observed.ts';

/**
 * Decides, with a look at the job that another is to be measured against where that is news: when the plan is there to
 * compare, so that a mistake is known early, and when the job ends.
 */
export async function decideWithBaseline(
  observed: Observed,
  now: Date,
  look: (jobName: string) => Promise<BaselineJob>,
): Promise<Decision> {
  const decision = decide(observed, now);
  const { baseline } = decision.status;
  if (baseline?.jobName === undefined || baseline.state === 'Known') return decision;
  const { previous, reopened = false } = observed;
  const wasOver = previous !== undefined && isFinished(previous) && !reopened;
  const isFirst = previous?.baseline?.jobName !== baseline.jobName;
  const isLast = isFinished(decision.status) && !wasOver;
  if (!isFirst && !isLast) return decision;
  return decide({ ...observed, baselineJob: await look(baseline.jobName) }, now);
}
