import type { AuditInput, Violation } from './audit.ts';
import type { Part, Record } from './history.ts';
import { describePart, isSamePart, replay } from './world.ts';

/**
 * Attempts that were made though more of their unit had failed than `backoffLimit` allows. Only failures count that are
 * there to be seen, by the pod or by the note on its Job: what somebody else has deleted before it was noted down, the
 * operator can't know of. Those of attempts that only ask for the result of one that had committed say nothing of their
 * unit.
 */
export function findTooManyAttempts({ history }: AuditInput): Violation[] {
  const violations: Violation[] = [];
  const committed: Part[] = [];
  replay(history.events, ({ object, type, revision }, { jobs, pods, resources }) => {
    if (hasCommitted(object)) committed.push(object);
    if (type !== 'ADDED' || object.kind !== 'Job') return;
    if (committed.some((part) => isSamePart(part, object))) return;
    const limit = resources.get(object.jobUid)?.backoffLimit;
    if (limit === undefined) return;
    const owners = new Set([...pods.values()].filter(({ failed }) => failed).map(({ ownerUid }) => ownerUid));
    const failures = [...jobs.values()].filter((job) => {
      const isSeen = job.failureNoted || owners.has(job.uid);
      return (
        isSeen &&
        job.finished === 'Failed' &&
        !job.deleting &&
        job.uid !== object.uid &&
        isSamePart(job, object)
      );
    });
    if (failures.length <= limit) return;
    const names = failures.map(({ name }) => name).join(', ');
    const sentence = `Job ${object.name} (resourceVersion ${revision}) was made for ${describePart(object)} though ${names} had failed, where backoffLimit is ${limit}.`;
    violations.push({ rule: 'too-many-attempts', sentence });
  });
  return violations;
}

/** A pod says so before its Job does, which may be deleted in between. */
function hasCommitted(object: Record): object is Record & Part {
  return object.kind === 'Job'
    ? object.finished === 'Complete'
    : object.kind === 'Pod' && object.phase === 'Succeeded';
}
