import { canonicalJson } from '../../common/digest.ts';
import type { CompiledJob } from '../../crds/compiled-job.ts';
import { apiVersion, kind } from '../../crds/distillation-job.ts';
import { specDigests, type SpecDigests } from '../../worker/contract/job-spec.ts';
import { contractVersion } from '../../worker/contract/primitives.ts';
import type { UnitMessage } from '../../worker/contract/unit-message.ts';
import type { Why } from '../decide/observed.ts';
import { isApiError } from '../kube/api-error.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import { acceptJob, type AcceptedJob } from './accept-job.ts';
import { controllerRevisions, type ControllerRevision, type DistillationJobObject } from './kube-objects.ts';
import { keptDefaults } from './kept-defaults.ts';
import { labels, labelValues } from './names.ts';
import type { OperatorDefaults } from './operator-defaults.ts';
import { withEdits } from './with-edits.ts';

/** What was accepted, with all that decides how workers see it. */
interface SpecRecord {
  readonly record: 'Spec';
  readonly revision: number;
  readonly generation: number;
  /** What the image's workers understand, for operators to come: there is one version so far. */
  readonly contractVersion: number;
  readonly specDigests: SpecDigests;
  readonly accepted: AcceptedJob;
}

/** What the first prepare that committed has said, and what was made of it. */
export interface PlanRecord {
  readonly record: 'Plan';
  readonly message: UnitMessage & { readonly stage: 'Prepare' };
  readonly units: readonly (readonly string[])[];
  /** The image that prepare ran, by its digest, and what had been accepted as the image then. */
  readonly image?: { readonly pinned: string; readonly accepted: string } | undefined;
}

/** What the finetune that committed has said: with it the job is over, whatever becomes of its children and its status. */
interface StudentRecord {
  readonly record: 'Student';
  readonly message: UnitMessage & { readonly stage: 'Finetune' };
}

type AnyRecord = SpecRecord | PlanRecord | StudentRecord;

export interface JobRecord {
  readonly accepted: AcceptedJob;
  readonly specDigests: SpecDigests;
  readonly revision: number;
  /** The manifest as it is now: what may be changed is read from here. */
  readonly current: CompiledJob;
  readonly plan: PlanRecord | undefined;
  readonly student: StudentRecord['message'] | undefined;
  /** The last edit can't be followed: what runs goes on, and nothing is begun until it is mended. */
  readonly refused: Why | undefined;
}

export type LoadedRecord =
  { readonly kind: 'Accepted'; readonly record: JobRecord } | { readonly kind: 'Invalid'; readonly why: Why };

interface Remembered {
  readonly generation: number;
  readonly record: JobRecord;
}

/**
 * What the operator must not forget of a job, in ControllerRevisions that the job owns: they can't be changed, and go with
 * it. They are read when a job is first seen, and kept in memory until it is forgotten.
 */
export class JobRecords {
  readonly #client: Pick<KubeClient, 'list' | 'create'>;
  readonly #defaults: OperatorDefaults;
  readonly #remembered = new Map<string, Remembered>();

  constructor(client: Pick<KubeClient, 'list' | 'create'>, defaults: OperatorDefaults) {
    this.#client = client;
    this.#defaults = defaults;
  }

  /** How many jobs are remembered. */
  get size(): number {
    return this.#remembered.size;
  }

  forget(uid: string): void {
    this.#remembered.delete(uid);
  }

  /** Accepts a job that is new, and takes over an edit of what may be edited. */
  async load(object: DistillationJobObject, call: CallOptions): Promise<LoadedRecord> {
    const { uid = '', generation = 1 } = object.metadata;
    const known = this.#remembered.get(uid);
    if (known?.generation === generation) return { kind: 'Accepted', record: known.record };
    const earlier = known?.record ?? (await this.#read(object, call));
    const acceptance = acceptJob(object, keptDefaults(earlier?.accepted, this.#defaults));
    if (acceptance.kind === 'Invalid') {
      if (earlier === undefined) return acceptance;
      return { kind: 'Accepted', record: this.#remember(object, { ...earlier, refused: acceptance.why }) };
    }
    const record =
      earlier === undefined
        ? await this.#accept(object, acceptance.job, call)
        : await this.#update(object, { earlier, offered: acceptance.job }, call);
    return { kind: 'Accepted', record: this.#remember(object, record) };
  }

  /** What was written down of a job that is another one's concern; undefined when nothing was. */
  async look(object: DistillationJobObject, call: CallOptions): Promise<JobRecord | undefined> {
    return this.#remembered.get(object.metadata.uid ?? '')?.record ?? (await this.#read(object, call));
  }

  /** Writes down a plan before anything is made of it. */
  async recordPlan(object: DistillationJobObject, data: PlanRecord, call: CallOptions): Promise<JobRecord> {
    const { data: plan } = await this.#write(object, { suffix: 'plan', revision: 0, data }, call);
    return this.#remember(object, { ...this.#known(object), plan });
  }

  /** Writes down what came of a job before its status says so. */
  async recordStudent(
    object: DistillationJobObject,
    student: StudentRecord['message'],
    call: CallOptions,
  ): Promise<JobRecord> {
    const data: StudentRecord = { record: 'Student', message: student };
    const written = await this.#write(object, { suffix: 'student', revision: 0, data }, call);
    return this.#remember(object, { ...this.#known(object), student: written.data.message });
  }

  #known({ metadata: { uid = '' } }: DistillationJobObject): JobRecord {
    const known = this.#remembered.get(uid);
    if (known === undefined) throw new Error('a record of a job that was not loaded');
    return known.record;
  }

  #remember({ metadata: { uid = '', generation = 1 } }: DistillationJobObject, record: JobRecord): JobRecord {
    this.#remembered.set(uid, { generation, record });
    return record;
  }

  async #read(object: DistillationJobObject, call: CallOptions): Promise<JobRecord | undefined> {
    const { namespace, uid = '' } = object.metadata;
    const selection = { namespace, labelSelector: `${labels.jobUid}=${uid}`, ...call };
    const { items } = await this.#client.list(controllerRevisions, selection);
    const own = items.filter(({ metadata }) =>
      metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller === true),
    );
    const data = own.map((revision) => revision.data as AnyRecord);
    const specs = data.filter((each) => each.record === 'Spec');
    const latest = specs.toSorted((a, b) => b.revision - a.revision)[0];
    if (latest === undefined) return undefined;
    const plan = data.find((each) => each.record === 'Plan');
    const student = data.find((each) => each.record === 'Student')?.message;
    return { ...recordOf(latest), plan, student };
  }

  async #accept(object: DistillationJobObject, accepted: AcceptedJob, call: CallOptions): Promise<JobRecord> {
    const data = {
      record: 'Spec',
      revision: 1,
      generation: object.metadata.generation ?? 1,
      contractVersion,
      specDigests: specDigests(accepted.compiled.spec),
      accepted,
    } satisfies SpecRecord;
    const written = await this.#write<SpecRecord>(object, { suffix: 'spec-1', revision: 1, data }, call);
    return withCurrent(recordOf(written.data), accepted.compiled);
  }

  async #update(
    object: DistillationJobObject,
    { earlier, offered }: { earlier: JobRecord; offered: AcceptedJob },
    call: CallOptions,
  ): Promise<JobRecord> {
    const accepted = withEdits(earlier.accepted, offered);
    const current = offered.compiled;
    if (canonicalJson(accepted) === canonicalJson(earlier.accepted)) {
      return { ...withCurrent(earlier, current), refused: undefined };
    }
    const revision = earlier.revision + 1;
    const data = {
      record: 'Spec',
      revision,
      generation: object.metadata.generation ?? 1,
      contractVersion,
      specDigests: earlier.specDigests,
      accepted,
    } satisfies SpecRecord;
    const written = await this.#write<SpecRecord>(
      object,
      { suffix: `spec-${revision}`, revision, data },
      call,
    );
    const { plan, student } = earlier;
    const after = { ...withCurrent(recordOf(written.data), current), plan, student };
    // An edit before this one was written, though nobody heard of it: this one comes after it.
    const isOther = !written.created && canonicalJson(written.data.accepted) !== canonicalJson(accepted);
    return isOther ? await this.#update(object, { earlier: after, offered }, call) : after;
  }

  /** Creates a revision; when it is there already, what it says counts: another try has written it. */
  async #write<R extends AnyRecord>(
    object: DistillationJobObject,
    { suffix, revision, data }: { suffix: string; revision: number; data: R },
    call: CallOptions,
  ): Promise<Written<R>> {
    const { name = '', namespace, uid = '' } = object.metadata;
    const body: ControllerRevision = {
      metadata: {
        // The UID, because what a deleted job of the same name had may still be there.
        name: `${name}-${uid.slice(0, 8)}-${suffix}`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: { [labels.managedBy]: labelValues.managedBy, [labels.jobUid]: uid, [labels.jobName]: name },
        ownerReferences: [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }],
      },
      revision,
      data,
    };
    try {
      const created = await this.#client.create(controllerRevisions, body, call);
      return { data: created.data as R, created: true };
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
      const selection = { namespace, labelSelector: `${labels.jobUid}=${uid}`, ...call };
      const { items } = await this.#client.list(controllerRevisions, selection);
      const found = items.find(({ metadata }) => metadata.name === body.metadata.name);
      if (found === undefined) throw error;
      return { data: found.data as R, created: false };
    }
  }
}

interface Written<R> {
  readonly data: R;
  /** By this try, whatever else the cluster has made of it. */
  readonly created: boolean;
}

/** With one copy of a manifest that nobody has edited since it was accepted: there are many jobs. */
function withCurrent(record: JobRecord, current: CompiledJob): JobRecord {
  const { compiled } = record.accepted;
  return { ...record, current: canonicalJson(compiled) === canonicalJson(current) ? compiled : current };
}

/** What workers run: what prepare ran, unless the user has asked for another image since. */
export function imageOf({ accepted, plan }: Pick<JobRecord, 'accepted' | 'plan'>): string {
  return plan?.image?.accepted === accepted.image ? plan.image.pinned : accepted.image;
}

function recordOf({ accepted, specDigests: digests, revision }: SpecRecord): JobRecord {
  return {
    accepted,
    specDigests: digests,
    revision,
    current: accepted.compiled,
    plan: undefined,
    student: undefined,
    refused: undefined,
  };
}
