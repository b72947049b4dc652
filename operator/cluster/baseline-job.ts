import type { BaselineJob } from '../decide/observed.ts';
import { executionOf } from '../decide/execution-of.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import type { JobRecord, JobRecords } from './job-records.ts';
import { distillationJobs, type DistillationJobObject } from './kube-objects.ts';

interface Sources {
  readonly client: Pick<KubeClient, 'list'>;
  readonly records: Pick<JobRecords, 'look'>;
}

interface Named {
  readonly object: DistillationJobObject;
  readonly record: JobRecord;
  readonly name: string;
}

/**
 * The job that another one names as its baseline, as it is now: its status from the API, since little is kept of a job that
 * has ended, and what it was accepted and planned as from its records.
 */
export async function findBaselineJob(
  { client, records }: Sources,
  { object, record, name }: Named,
  call: CallOptions,
): Promise<BaselineJob> {
  const { namespace, uid: ownUid } = object.metadata;
  const selection = { namespace, fieldSelector: `metadata.name=${name}`, ...call };
  const [other] = (await client.list(distillationJobs, selection)).items;
  if (other === undefined) {
    const message = `There is no DistillationJob ${name} in this namespace to measure against.`;
    return { kind: 'Unusable', message };
  }
  const { uid = '' } = other.metadata;
  if (uid === ownUid) {
    const message = `spec.execution.baseline.jobName is ${name}, this job itself: name another one.`;
    return { kind: 'Unusable', message };
  }
  const theirs = await records.look(other, call);
  return {
    kind: 'Found',
    uid,
    status: other.status ?? {},
    ours: {
      spec: record.specDigests.Distill,
      precision: precisionOf(record),
      execution: executionOf(record.accepted.compiled.spec),
    },
    theirs: {
      teacher: theirs?.plan?.message.plan.teacher.digest,
      data: theirs?.plan?.message.plan.dataset.digest,
      spec: theirs?.specDigests.Distill,
      precision: theirs === undefined ? undefined : precisionOf(theirs),
      execution:
        theirs === undefined
          ? undefined
          : { ...executionOf(theirs.accepted.compiled.spec), units: theirs.plan?.units },
      gpuModels: other.status?.speedup?.devices ?? [],
    },
  };
}

function precisionOf({ accepted }: JobRecord): string {
  return accepted.compiled.spec.execution.precision;
}
