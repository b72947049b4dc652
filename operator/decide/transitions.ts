import type { DistillationJobStatus } from '../../crds/status.ts';

/** What of a status is news, as text to compare: everything else is figures that move all the time. */
export function transitionsOf(status: DistillationJobStatus): string {
  const { phase, conditions, blocks, observedGeneration, retry, suspensions, activity, baseline } = status;
  return JSON.stringify([
    phase,
    observedGeneration,
    retry,
    suspensions?.map(({ startTime, endTime }) => [startTime, endTime]),
    activity?.since !== undefined,
    conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    [status.attempts?.prepare, status.attempts?.finetune],
    [baseline?.mode, baseline?.state, baseline?.attempts, baseline?.jobUid],
    status.pods?.map(({ name, endTime }) => [name, endTime !== undefined]),
    blocks?.map(({ name, state, attempts, replaced }) => [name, state, attempts, replaced]),
  ]);
}
