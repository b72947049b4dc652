import type { AuditInput, Violation } from './audit.ts';
import type { HistoryEvent, JobRecord, PodRecord } from './history.ts';
import { describePart, isLive, isSamePart, replay, type World } from './world.ts';

/** The same work twice at the same time, and children that belong to someone else. */
export function findDuplicates({ history, abandonedAfterSeconds }: AuditInput): Violation[] {
  const violations: Violation[] = [];
  // Also those that are gone: their controller may make a pod before it hears of that.
  const jobs = new Map<string, JobRecord>();
  const terminatingSince = new Map<string, number>();
  const report = (sentence: string): void => {
    violations.push({ rule: 'duplicate', sentence });
  };
  replay(history.events, (event, world, before) => {
    const { object, type, seconds } = event;
    if (type === 'DELETED' || object.kind === 'DistillationJob' || object.jobUid === '') return;
    if (object.kind === 'Job') {
      jobs.set(object.uid, object);
      if (type === 'ADDED') checkNewJob(object, event, world, report);
      return;
    }
    if (object.deleting && !terminatingSince.has(object.uid)) terminatingSince.set(object.uid, seconds);
    if (type === 'ADDED') checkOwner(object, event, jobs, report);
    const startsNow = object.phase === 'Running' && (before?.kind !== 'Pod' || before.phase !== 'Running');
    if (!startsNow) return;
    for (const other of world.pods.values()) {
      const isRival = other.phase === 'Running' && other.ownerUid !== object.ownerUid;
      if (!isRival || !isSamePart(other, object)) continue;
      const since = terminatingSince.get(other.uid) ?? Infinity;
      if (seconds - since >= abandonedAfterSeconds) continue;
      report(
        `Pod ${object.name} runs from resourceVersion ${event.revision} on while pod ${other.name} of another Job still works on ${describePart(object)}.`,
      );
    }
  });
  return violations;
}

type Report = (sentence: string) => void;

function checkNewJob(job: JobRecord, { revision }: HistoryEvent, world: World, report: Report): void {
  if (job.ownerUid !== job.jobUid) {
    report(
      `Job ${job.name} (resourceVersion ${revision}) is labelled for ${job.jobUid} but belongs to ${job.ownerUid ?? 'nobody'}.`,
    );
  }
  for (const other of world.jobs.values()) {
    if (other.uid === job.uid || !isSamePart(other, job)) continue;
    const both = `Job ${job.name} (resourceVersion ${revision}) was created for ${describePart(job)} while Job ${other.name}`;
    if (isLive(other)) report(`${both} was live.`);
    if (other.attempt === job.attempt) report(`${both} was there with the same attempt ${job.attempt}.`);
  }
}

function checkOwner(
  pod: PodRecord,
  { revision }: HistoryEvent,
  jobs: ReadonlyMap<string, JobRecord>,
  report: Report,
): void {
  const owner = pod.ownerUid === undefined ? undefined : jobs.get(pod.ownerUid);
  if (owner !== undefined && isSamePart(owner, pod)) return;
  report(
    `Pod ${pod.name} (resourceVersion ${revision}) is labelled for ${describePart(pod)} but belongs to ${owner === undefined ? 'no Job' : `Job ${owner.name}`}.`,
  );
}
