import type { DistillationJobStatus } from '../../../crds/status.ts';
import { annotations, labels } from '../../../operator/cluster/names.ts';
import { exitCode } from '../../../worker/contract/exit-code.ts';
import type { Reference } from '../../../worker/contract/unit-spec.ts';
import {
  unitSpecText,
  type ContainerStatus,
  type DistillationJobObject,
  type JobObject,
  type PodObject,
} from '../objects.ts';

/** Which part of which DistillationJob a child works on. */
export interface Part {
  /** The UID of the DistillationJob. */
  readonly jobUid: string;
  readonly stage: string;
  readonly unit: string;
}

/** What an audit looks at in a Job. */
export interface JobRecord extends Part {
  readonly kind: 'Job';
  readonly uid: string;
  readonly name: string;
  readonly attempt: string;
  readonly ownerUid: string | undefined;
  readonly deleting: boolean;
  readonly finished: 'Complete' | 'Failed' | undefined;
  /** It is noted down on it that its worker failed: this stays when the pod is gone. */
  readonly failureNoted: boolean;
  /** Of a finetune Job: the references of results that it was told. */
  readonly results: readonly Reference[];
}

export interface PodRecord extends Part {
  readonly kind: 'Pod';
  readonly uid: string;
  readonly name: string;
  readonly ownerUid: string | undefined;
  readonly phase: string;
  readonly deleting: boolean;
  /** Its worker ended by itself, in a way that may end otherwise when it is tried again. */
  readonly failed: boolean;
}

export interface ResourceRecord {
  readonly kind: 'DistillationJob';
  readonly uid: string;
  readonly name: string;
  readonly generation: number;
  readonly suspend: boolean;
  readonly retry: number;
  readonly maxParallel: number | undefined;
  readonly backoffLimit: number | undefined;
  readonly status: DistillationJobStatus;
}

export type Record = JobRecord | PodRecord | ResourceRecord;

/** One event of the API server's watch. */
export interface HistoryEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: Record;
  /** The resourceVersion as a number: the order of all events of one etcd, whatever they are about. */
  readonly revision: number;
  /** When it was heard of, on the recorder's clock. */
  readonly seconds: number;
}

/** All events in order, and what is missing in them. */
export interface History {
  readonly events: readonly HistoryEvent[];
  readonly gaps: readonly string[];
}

function partOf(metadata: JobObject['metadata']): Part {
  const label = (key: string): string => metadata.labels?.[key] ?? '';
  return { jobUid: label(labels.jobUid), stage: label(labels.stage), unit: label(labels.unit) };
}

function ownerOf({ ownerReferences = [] }: JobObject['metadata']): string | undefined {
  return ownerReferences.find(({ controller }) => controller === true)?.uid;
}

export function jobRecord({ metadata, spec, status }: JobObject): JobRecord {
  const holds = (wanted: string): boolean =>
    status?.conditions?.some((condition) => condition.type === wanted && condition.status === 'True') ??
    false;
  const part = partOf(metadata);
  return {
    kind: 'Job',
    ...part,
    uid: metadata.uid ?? '',
    name: metadata.name ?? '',
    attempt: metadata.labels?.[labels.attempt] ?? '',
    ownerUid: ownerOf(metadata),
    deleting: metadata.deletionTimestamp !== undefined,
    finished: holds('Complete') ? 'Complete' : holds('Failed') ? 'Failed' : undefined,
    failureNoted: metadata.annotations?.[annotations.failure] !== undefined,
    results: part.stage === 'finetune' ? resultsIn(unitSpecText(spec.template.spec)) : [],
  };
}

function resultsIn(text: string | undefined): readonly Reference[] {
  if (text === undefined) return [];
  return (JSON.parse(text) as { results?: Reference[] }).results ?? [];
}

export function podRecord({ metadata, status }: PodObject): PodRecord {
  return {
    kind: 'Pod',
    ...partOf(metadata),
    uid: metadata.uid ?? '',
    name: metadata.name ?? '',
    ownerUid: ownerOf(metadata),
    phase: status?.phase ?? 'Pending',
    deleting: metadata.deletionTimestamp !== undefined,
    failed: hasFailed(status),
  };
}

function hasFailed({
  conditions = [],
  containerStatuses = [],
}: NonNullable<PodObject['status']> = {}): boolean {
  const isDisrupted = conditions.some(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  const isFailure = ({ terminated }: NonNullable<ContainerStatus['state']>): boolean =>
    terminated?.exitCode === exitCode.Failed || terminated?.reason === 'OOMKilled';
  return !isDisrupted && containerStatuses.some(({ state }) => state !== undefined && isFailure(state));
}

export function resourceRecord({ metadata, spec, status }: DistillationJobObject): ResourceRecord {
  return {
    kind: 'DistillationJob',
    uid: metadata.uid ?? '',
    name: metadata.name ?? '',
    generation: metadata.generation ?? 0,
    suspend: spec?.suspend ?? false,
    retry: spec?.retry ?? 0,
    maxParallel: spec?.execution?.maxParallel,
    backoffLimit: spec?.backoffLimit,
    status: status ?? {},
  };
}
