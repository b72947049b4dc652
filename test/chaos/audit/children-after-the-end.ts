import type { AuditInput, Violation } from './audit.ts';
import { holds, isLive, replay } from './world.ts';

/** Children that were made for a finished job, and those that it left behind. */
export function findChildrenAfterTheEnd({ history }: AuditInput): Violation[] {
  const violations: Violation[] = [];
  const report = (sentence: string): void => {
    violations.push({ rule: 'after-the-end', sentence });
  };
  /** The finished ones, with `spec.retry` at their end. */
  const finished = new Map<string, number>();
  const names = new Map<string, string>();
  const { jobs, resources } = replay(history.events, ({ object, type, revision }) => {
    if (object.kind === 'DistillationJob') {
      names.set(object.uid, object.name);
      if (object.retry > (finished.get(object.uid) ?? Infinity)) finished.delete(object.uid);
      else if (holds(object, 'Finished') && !finished.has(object.uid)) finished.set(object.uid, object.retry);
      return;
    }
    if (object.kind !== 'Job' || type !== 'ADDED' || !finished.has(object.jobUid)) return;
    const owner = names.get(object.jobUid);
    report(
      `Job ${object.name} (resourceVersion ${revision}) was made after DistillationJob ${owner} had ended.`,
    );
  });
  for (const job of jobs.values()) {
    if (!isLive(job) || !names.has(job.jobUid)) continue;
    const owner = `DistillationJob ${names.get(job.jobUid)}`;
    if (!resources.has(job.jobUid)) report(`Job ${job.name} is still live though ${owner} is deleted.`);
    else if (finished.has(job.jobUid)) report(`Job ${job.name} is still live though ${owner} has ended.`);
  }
  return violations;
}
