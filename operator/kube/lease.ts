import { isApiError } from './api-error.ts';
import type { KubeClient } from './client.ts';
import type { KubeObject, ObjectReference, Resource } from './resource.ts';

/** `coordination.k8s.io/v1` Lease. */
export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  readonly holderIdentity?: string | undefined;
  readonly leaseDurationSeconds?: number;
  /** Written for people to read: no clock of another machine is ever compared with ours. */
  readonly acquireTime?: string | undefined;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

const leases: Resource<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};

/** One Lease, which an election is about. */
export interface LeaseStore {
  get(signal: AbortSignal): Promise<Lease | undefined>;
  /** Answers undefined when somebody else was faster. */
  create(spec: LeaseSpec, signal: AbortSignal): Promise<Lease | undefined>;
  /** Answers undefined when it has changed since it was read. */
  replace(lease: Lease, signal: AbortSignal): Promise<Lease | undefined>;
}

export function leaseStore(client: KubeClient, reference: ObjectReference): LeaseStore {
  return {
    get: async (signal) => await client.get(leases, reference, { signal }),
    create: async (spec, signal) =>
      await unlessBeaten(
        client.create(leases, { metadata: { ...reference } as Lease['metadata'], spec }, { signal }),
      ),
    replace: async (lease, signal) => await unlessBeaten(client.replace(leases, lease, { signal })),
  };
}

async function unlessBeaten(write: Promise<Lease>): Promise<Lease | undefined> {
  try {
    return await write;
  } catch (error) {
    if (isApiError(error, 'Conflict', 'AlreadyExists')) return undefined;
    throw error;
  }
}
