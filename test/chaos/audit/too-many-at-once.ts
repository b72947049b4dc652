import type { AuditInput, Violation } from './audit.ts';
import { isLive, replay } from './world.ts';

/** For so long after an edit the operator may still go by the value before it. */
const editSeenSeconds = 5;

/** More distill Jobs at once than `execution.maxParallel` allows. */
export function findTooManyAtOnce({ history }: AuditInput): Violation[] {
  const violations: Violation[] = [];
  const limits = new Map<string, { limit: number; until: number }[]>();
  replay(history.events, ({ object, type, revision, seconds }, world) => {
    if (object.kind === 'DistillationJob') {
      const known = limits.get(object.uid) ?? [];
      const limit = object.maxParallel ?? Infinity;
      const last = known.at(-1);
      if (last?.limit === limit) return;
      if (last !== undefined) last.until = seconds + editSeenSeconds;
      limits.set(object.uid, [...known, { limit, until: Infinity }]);
      return;
    }
    if (object.kind !== 'Job' || type !== 'ADDED' || object.stage !== 'distill') return;
    const allowed = (limits.get(object.jobUid) ?? [])
      .filter(({ until }) => seconds <= until)
      .map(({ limit }) => limit);
    const live = [...world.jobs.values()].filter(
      (job) => job.jobUid === object.jobUid && job.stage === 'distill' && isLive(job),
    );
    if (allowed.length === 0 || live.length <= Math.max(...allowed)) return;
    const sentence = `Job ${object.name} (resourceVersion ${revision}) makes ${live.length} live units of ${object.jobUid}, where ${Math.max(...allowed)} are allowed.`;
    violations.push({ rule: 'max-parallel', sentence });
  });
  return violations;
}
