export interface SharingFacts {
  readonly mig: boolean;
  /** Whether this process reaches the GPU through a Multi-Process Service, as its environment says. */
  readonly mpsClient: boolean;
  readonly mpsProcesses: readonly number[];
  /** Ids of the processes that compute on the card; undefined where the driver can't say. */
  readonly processes: readonly number[] | undefined;
  /**
   * This process, where the ids are of its own namespace. In a container they are the node's, so that only their number
   * says something: one may be this process, two can't be.
   */
  readonly ownProcess: number | undefined;
}

export type Sharing =
  | { readonly kind: 'None' }
  | { readonly kind: 'Unknown' }
  | { readonly kind: 'Shared'; readonly reason: string };

/**
 * Whether a card's energy is this process' alone. A card measures itself, and cannot say who used what.
 *
 * Its compute mode says nothing here: `ExclusiveProcess` is what a Multi-Process Service sets, and without one the process
 * that has the card need not be this one.
 */
export function sharingOf(facts: SharingFacts): Sharing {
  if (facts.mig) return shared('MIG is on, and the card measures all its instances together');
  if (facts.mpsClient || facts.mpsProcesses.length > 0) {
    return shared('the GPU is used through a Multi-Process Service (MPS), which others may use as well');
  }
  const { processes, ownProcess } = facts;
  if (processes === undefined) return { kind: 'Unknown' };
  if (ownProcess === undefined) {
    return processes.length > 1
      ? shared(`${processes.length} processes compute on the GPU`)
      : { kind: 'Unknown' };
  }
  const others = processes.filter((each) => each !== ownProcess);
  return others.length === 0
    ? { kind: 'None' }
    : shared(
        others.length === 1
          ? 'another process computes on the GPU'
          : `${others.length} other processes compute on the GPU`,
      );
}

function shared(why: string): Sharing {
  return { kind: 'Shared', reason: `not attributable: ${why}` };
}
