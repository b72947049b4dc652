import type { HistoryEvent, JobRecord, Part, PodRecord, Record, ResourceRecord } from './history.ts';

/** What there is at one moment of a history, by UID. */
export interface World {
  readonly jobs: ReadonlyMap<string, JobRecord>;
  readonly pods: ReadonlyMap<string, PodRecord>;
  readonly resources: ReadonlyMap<string, ResourceRecord>;
}

/** Calls `visit` for each event with the world after it; `before` is the object as it was, if it was there. */
export function replay(
  events: readonly HistoryEvent[],
  visit: (event: HistoryEvent, world: World, before: Record | undefined) => void,
): World {
  const jobs = new Map<string, JobRecord>();
  const pods = new Map<string, PodRecord>();
  const resources = new Map<string, ResourceRecord>();
  for (const event of events) {
    const { object, type } = event;
    const before = jobs.get(object.uid) ?? pods.get(object.uid) ?? resources.get(object.uid);
    for (const map of [jobs, pods, resources]) map.delete(object.uid);
    if (type !== 'DELETED') {
      if (object.kind === 'Job') jobs.set(object.uid, object);
      else if (object.kind === 'Pod') pods.set(object.uid, object);
      else resources.set(object.uid, object);
    }
    visit(event, { jobs, pods, resources }, before);
  }
  return { jobs, pods, resources };
}

export function isSamePart(a: Part, b: Part): boolean {
  return a.jobUid === b.jobUid && a.stage === b.stage && a.unit === b.unit;
}

/** Neither finished nor told to go. */
export function isLive({ deleting, finished }: JobRecord): boolean {
  return !deleting && finished === undefined;
}

export function describePart({ stage, unit, jobUid }: Part): string {
  return `${stage} ${unit} of ${jobUid}`;
}

export function holds({ status }: ResourceRecord, type: string): boolean {
  return (
    status.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
  );
}
