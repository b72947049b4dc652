import type { Lease, LeaseStore } from '../lease.ts';

/** One Lease on a server that answers at once; writes are conditional, as there. */
export class FakeLease implements LeaseStore {
  lease: Lease | undefined;
  writes = 0;
  /** What all calls fail with, while it is set. */
  failure: Error | undefined;
  #uids = 0;

  get: LeaseStore['get'] = async () => this.#answer();

  create: LeaseStore['create'] = async (spec) => {
    this.#fail();
    if (this.lease !== undefined) return undefined;
    this.write({ metadata: { uid: `uid-${(this.#uids += 1)}` }, spec });
    return this.lease;
  };

  replace: LeaseStore['replace'] = async (lease) => {
    this.#fail();
    const { uid, resourceVersion } = this.lease?.metadata ?? {};
    if (uid !== lease.metadata.uid || resourceVersion !== lease.metadata.resourceVersion) return undefined;
    this.write(lease);
    return this.lease;
  };

  /** A write of somebody else. */
  write({ metadata, spec }: Lease): void {
    this.writes += 1;
    const resourceVersion = `${this.writes}`;
    this.lease = JSON.parse(JSON.stringify({ metadata: { ...metadata, resourceVersion }, spec })) as Lease;
  }

  #answer(): Lease | undefined {
    this.#fail();
    return this.lease;
  }

  #fail(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}
