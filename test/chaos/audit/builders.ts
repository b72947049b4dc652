import type { DistillationJobStatus } from '../../../crds/status.ts';
import type { TrainingRun } from '../pretend-worker.ts';
import type { HistoryEvent, JobRecord, PodRecord, Record, ResourceRecord } from './history.ts';

export const jobUid = 'd-1';

type Phase = NonNullable<DistillationJobStatus['phase']>;

const conditionsOf: Readonly<{ [phase in Phase]: readonly string[] }> = {
  Pending: ['Ready=Unknown', 'Reconciling=True'],
  Preparing: ['Ready=Unknown', 'Reconciling=True'],
  Distilling: ['Ready=Unknown', 'Reconciling=True'],
  Finetuning: ['Ready=Unknown', 'Reconciling=True'],
  Suspended: ['Ready=Unknown', 'Suspended=True'],
  Complete: ['Ready=True', 'Complete=True', 'Finished=True'],
  Failed: ['Ready=False', 'Stalled=True', 'Failed=True', 'Finished=True'],
};

/** A status as it should be in a phase, or with other conditions, such as `Ready=True`. */
export function statusOf(
  phase: Phase,
  options: {
    conditions?: readonly string[];
    blocks?: DistillationJobStatus['blocks'];
    observed?: number;
  } = {},
): DistillationJobStatus {
  const { conditions = conditionsOf[phase], blocks, observed = 1 } = options;
  return {
    phase,
    observedGeneration: observed,
    conditions: conditions.map((text) => {
      const [type = '', status = ''] = text.split('=');
      return {
        type,
        status: status as 'True' | 'False' | 'Unknown',
        reason: 'Test',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      };
    }),
    ...(blocks === undefined ? {} : { blocks }),
  };
}

export function resource(fields: Partial<ResourceRecord> = {}): ResourceRecord {
  return {
    kind: 'DistillationJob',
    uid: jobUid,
    name: 'mnist',
    generation: 1,
    suspend: false,
    retry: 0,
    maxParallel: 2,
    backoffLimit: 3,
    status: {},
    ...fields,
  };
}

export function job(name: string, fields: Partial<JobRecord> = {}): JobRecord {
  return {
    kind: 'Job',
    jobUid,
    stage: 'distill',
    unit: '0',
    uid: `uid-of-${name}`,
    name,
    attempt: '1',
    ownerUid: jobUid,
    deleting: false,
    finished: undefined,
    failureNoted: false,
    results: [],
    ...fields,
  };
}

/** A pod of that Job. */
export function pod(
  name: string,
  { uid, stage, unit }: JobRecord,
  fields: Partial<PodRecord> = {},
): PodRecord {
  return {
    kind: 'Pod',
    jobUid,
    stage,
    unit,
    uid: `uid-of-${name}`,
    name,
    ownerUid: uid,
    phase: 'Pending',
    deleting: false,
    failed: false,
    ...fields,
  };
}

export type Step = readonly [type: HistoryEvent['type'], object: Record, seconds?: number];

/** Events with ascending resourceVersions, one a second unless a step says when. */
export function events(...steps: readonly Step[]): HistoryEvent[] {
  return steps.map(([type, object, seconds], position) => ({
    type,
    object,
    revision: 100 + position,
    seconds: seconds ?? position,
  }));
}

/** A training from one second to another; without an end it has not been committed. */
export function training(podUid: string, start: number, end?: number, unit = 'unit-000'): TrainingRun {
  const time = (seconds: number): Date => new Date(1_700_000_000_000 + seconds * 1000);
  const run = { jobUid, unit, work: `${jobUid} ${unit}`, podUid, start: time(start) };
  if (end === undefined) return { ...run, outcome: 'Interrupted', end: time(start) };
  const reference = { path: `${unit}/${podUid}/result.json`, digest: `sha256:${podUid}` };
  const message = { stage: 'Distill', reference, facts: {} } as unknown as NonNullable<
    TrainingRun['message']
  >;
  return { ...run, outcome: 'Committed', end: time(end), message };
}
