import type { AuditInput, Violation } from './audit.ts';
import type { Part } from './history.ts';
import { describePart, isSamePart, replay } from './world.ts';

/**
 * Attempts that were made though more of their unit had failed than `backoffLimit` allows. Only failures count that are
 * there to be seen, by the pod or by the note on its Job: what somebody else has deleted before it was noted down, the
 * operator can't know of. Those of attempts that only ask for the result of one that was complete say nothing of their
 * unit.
 */
export function findTooManyAttempts({ history }: AuditInput): Violation[] {
  const violations: Violation[] = [];
  const complete: Part[] = [];
  replay(history.events, ({ object, type, revision }, { jobs, pods, resources }) => {
    if (object.kind === 'Job' && object.finished === 'Complete') complete.push(object);
    if (type !== 'ADDED' || object.kind !== 'Job' || complete.some((part) => isSamePart(part, object)))
      return;
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
