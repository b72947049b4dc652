import { exitCode } from '../../worker/contract/exit-code.ts';
import type { AttemptFailure } from '../program/metrics/operator-metrics.ts';
import type { ChildPod } from './children.ts';

/** Why the last pod of a failed Job ended, as a word to count by. */
export function attemptFailureOf(pod: ChildPod | undefined): AttemptFailure {
  const end = pod?.end;
  if (end === undefined) return 'Lost';
  if (end.disruption !== undefined) return 'Disrupted';
  switch (end.exitCode) {
    case undefined:
      return 'NotStarted';
    case exitCode.InvalidInput:
      return 'BadInput';
    case exitCode.Interrupted:
      return 'Interrupted';
    case exitCode.Committed:
      return 'Lost';
    default:
      return end.reason === 'OOMKilled' ? 'OutOfMemory' : 'Failed';
  }
}
