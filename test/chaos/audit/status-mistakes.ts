import type { DistillationJobStatus } from '../../../crds/status.ts';
import type { AuditInput, Violation } from './audit.ts';
import type { PodRecord, ResourceRecord } from './history.ts';
import { holds, replay, type World } from './world.ts';

type Phase = NonNullable<DistillationJobStatus['phase']>;

/** What conditions say in each phase, by the design's table; those that are not named are not True. */
interface Row {
  readonly ready: 'True' | 'False' | 'Unknown';
  readonly holds: readonly string[];
}

const inProgress: Row = { ready: 'Unknown', holds: ['Reconciling'] };
const table: Readonly<Record<Phase, Row>> = {
  Pending: inProgress,
  Preparing: inProgress,
  Distilling: inProgress,
  Finetuning: inProgress,
  Suspended: { ready: 'Unknown', holds: ['Suspended'] },
  Complete: { ready: 'True', holds: ['Complete', 'Finished'] },
  Failed: { ready: 'False', holds: ['Stalled', 'Failed', 'Finished'] },
};
const judged = ['Reconciling', 'Stalled', 'Suspended', 'Complete', 'Failed', 'Finished'];
/** kstatus reads these when they are there at all. */
const absentUnlessTrue: ReadonlySet<string> = new Set(['Reconciling', 'Stalled']);

/** Statuses that contradict themselves, their resource, or an earlier one. */
export function findStatusMistakes({ history }: AuditInput): Violation[] {
  const violations: Violation[] = [];
  const finishedAt = new Map<string, number>();
  replay(history.events, ({ object, revision, type }, world, before) => {
    if (object.kind !== 'DistillationJob' || type === 'DELETED') return;
    const earlier = before?.kind === 'DistillationJob' ? before : undefined;
    const mistakes = [
      ...generationMistakes(object, earlier),
      ...tableMistakes(object),
      ...reopeningMistakes(object, finishedAt),
      ...suspensionMistakes(object, earlier, world),
      ...resumptionMistakes(object, earlier),
    ];
    for (const mistake of mistakes) {
      const sentence = `DistillationJob ${object.name} at resourceVersion ${revision}: ${mistake}`;
      violations.push({ rule: 'status', sentence });
    }
  });
  return violations;
}

function generationMistakes({ status, generation }: ResourceRecord, earlier?: ResourceRecord): string[] {
  const { observedGeneration: observed } = status;
  if (observed === undefined) return [];
  const before = earlier?.status.observedGeneration ?? -1;
  const mistakes: string[] = [];
  if (observed > generation)
    mistakes.push(`observedGeneration ${observed} is above its generation ${generation}.`);
  // -1 is the default of the schema, which comes back when the status is emptied.
  if (observed < before && observed !== -1)
    mistakes.push(`observedGeneration went back from ${before} to ${observed}.`);
  return mistakes;
}

function tableMistakes({ status }: ResourceRecord): string[] {
  const { phase, conditions } = status;
  if (conditions === undefined) return [];
  if (phase === undefined) return ['it has conditions but no phase.'];
  const row = table[phase];
  const statusOf = (wanted: string) => conditions.find(({ type }) => type === wanted)?.status;
  const mistakes: string[] = [];
  if (statusOf('Ready') !== row.ready)
    mistakes.push(`Ready is ${statusOf('Ready') ?? 'absent'} in phase ${phase}, not ${row.ready}.`);
  for (const type of judged) {
    const found = statusOf(type);
    const expected = row.holds.includes(type);
    if (expected && found !== 'True')
      mistakes.push(`${type} is ${found ?? 'absent'} in phase ${phase}, not True.`);
    if (expected || found === undefined) continue;
    if (found === 'True' || absentUnlessTrue.has(type))
      mistakes.push(`${type} is ${found} in phase ${phase}, where it must be absent.`);
  }
  return mistakes;
}

/** Finished stays, until the user asks for more by a higher `spec.retry`; who empties a status by hand asks for nothing. */
function reopeningMistakes(resource: ResourceRecord, finishedAt: Map<string, number>): string[] {
  const { uid, status, retry } = resource;
  if (status.conditions === undefined) return [];
  if (holds(resource, 'Finished')) {
    finishedAt.set(uid, retry);
    return [];
  }
  const before = finishedAt.get(uid);
  if (before === undefined || retry > before) {
    finishedAt.delete(uid);
    return [];
  }
  // Said once, not at every version from here on.
  finishedAt.delete(uid);
  return [`it was Finished, and is ${status.phase} though spec.retry is still ${retry}.`];
}

function suspensionMistakes(
  resource: ResourceRecord,
  earlier: ResourceRecord | undefined,
  { pods }: World,
): string[] {
  const begins = holds(resource, 'Suspended') && (earlier === undefined || !holds(earlier, 'Suspended'));
  if (!begins) return [];
  const isLeft = ({ jobUid, phase }: PodRecord): boolean =>
    jobUid === resource.uid && (phase === 'Pending' || phase === 'Running');
  return [...pods.values()].filter(isLeft).map(({ name }) => `it is Suspended while pod ${name} is there.`);
}

/** What stands still goes on only when it is told to; its end may be seen late. */
function resumptionMistakes(resource: ResourceRecord, earlier: ResourceRecord | undefined): string[] {
  if (earlier === undefined || !holds(earlier, 'Suspended') || holds(resource, 'Suspended')) return [];
  const { status, suspend, generation } = resource;
  const isTold = !suspend || !earlier.suspend || generation !== earlier.generation;
  if (isTold || status.conditions === undefined || holds(resource, 'Finished')) return [];
  return [`it was Suspended, and is ${status.phase} though spec.suspend is still true.`];
}
