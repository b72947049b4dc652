import type { BaselineStatus } from '../../crds/status.ts';
import { baselineOfJob, baselineRefusal, type Fingerprint } from '../accounting/baseline.ts';
import { significant } from '../accounting/significant.ts';
import { deviceModels } from './job-speedup.ts';
import type { BaselineJob, Observed } from './observed.ts';
import { clip } from './text.ts';
import { isSettled, type UnitViews } from './units.ts';

type Found = Extract<BaselineJob, { kind: 'Found' }>;

/**
 * Another job as the baseline. What was once taken from it stays, whatever becomes of that job; what was last said of it
 * stays until somebody looks again.
 */
export function otherJobAsBaseline(jobName: string, units: UnitViews, observed: Observed): BaselineStatus {
  const { previous, baselineJob } = observed;
  const common = { mode: 'Job' as const, jobName };
  const before = previous?.baseline?.jobName === jobName ? previous.baseline : undefined;
  if (before?.state === 'Known') return before;
  if (baselineJob === undefined) return before ?? { ...common, state: 'Pending' };
  if (baselineJob.kind === 'Unusable') {
    return { ...common, state: 'Unknown', reason: clip(baselineJob.message, 512) };
  }
  return { ...common, ...judged(jobName, baselineJob, { units, observed }) };
}

type Judgement = Pick<BaselineStatus, 'state'> & Partial<BaselineStatus>;

function judged(
  jobName: string,
  { uid, status, theirs, ours }: Found,
  { units, observed }: { units: UnitViews; observed: Observed },
): Judgement {
  const { phase } = status;
  if (phase !== 'Complete' && phase !== 'Failed') {
    const reason = `The job ${jobName} is not complete (${phase ?? 'not begun'}).`;
    return { state: 'Pending', reason };
  }
  const haveEnded = units.distill.every(isSettled);
  const plan = observed.prepared?.plan;
  const fingerprint: Fingerprint = {
    ...ours,
    execution: ours.execution && { ...ours.execution, units: observed.prepared?.units },
    teacher: plan?.teacher.digest,
    data: plan?.dataset.digest,
    // Before the units have run it is not known on what they will.
    gpuModels: haveEnded ? deviceModels(units) : theirs.gpuModels,
  };
  const refusal = baselineRefusal(jobName, fingerprint, theirs);
  if (refusal !== undefined) return { state: 'Unknown', reason: clip(refusal, 512) };
  const { seconds, energy } = baselineOfJob(status);
  if ('reason' in seconds) {
    return { state: 'Unknown', reason: clip(`The job ${jobName} is no baseline: ${seconds.reason}`, 512) };
  }
  if (!haveEnded) return { state: 'Pending' };
  return {
    state: 'Known',
    jobUid: uid,
    seconds: significant(seconds.value),
    ...('reason' in energy
      ? { reason: clip(`What it drew is unknown: ${energy.reason}`, 512) }
      : {
          joules: significant(energy.value.used),
          coverage: [...energy.value.coverage],
          ...(energy.value.dedicatedNode === undefined
            ? {}
            : { dedicatedNode: significant(energy.value.dedicatedNode) }),
        }),
  };
}
