import type { ByStage, UnitCounts } from '../program/metrics/operator-metrics.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { ChildJob, ChildPod } from './children.ts';

/**
 * What attempts at units are up to. One that is being deleted is none any more. One whose pod has just ended counts as
 * running: it waits for nothing, and its Job will say next what came of it.
 */
export function countUnits(jobs: readonly ChildJob[], pods: readonly ChildPod[], now: Date): UnitCounts {
  const podsOf = Map.groupBy(pods, ({ controllerUid }) => controllerUid);
  const running = new Map<Stage, number>();
  const waiting = new Map<Stage, number>();
  const waits = new Map<Stage, number>();
  for (const { metadata, identity, createdAt, end, isDeleting } of jobs) {
    if (identity === undefined || end !== undefined || isDeleting) continue;
    const { stage } = identity;
    const since = waitingSince(createdAt, podsOf.get(metadata.uid) ?? []);
    const counts = since === undefined ? running : waiting;
    counts.set(stage, (counts.get(stage) ?? 0) + 1);
    if (since === undefined) continue;
    waits.set(stage, Math.max(waits.get(stage) ?? 0, (now.getTime() - Date.parse(since)) / 1000));
  }
  return { running: asRecord(running), waiting: asRecord(waiting), longestWaitSeconds: asRecord(waits) };
}

/** Undefined when it doesn't wait. After a disruption a Job has another pod, which waits from its own beginning on. */
function waitingSince(jobCreatedAt: string, pods: readonly ChildPod[]): string | undefined {
  const [newest, ...earlier] = pods.toSorted((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
  if (newest === undefined) return jobCreatedAt;
  if (newest.startedAt !== undefined || newest.end !== undefined) return undefined;
  return earlier.length === 0 ? jobCreatedAt : newest.createdAt;
}

function asRecord(counts: ReadonlyMap<Stage, number>): ByStage {
  return Object.fromEntries(counts);
}
