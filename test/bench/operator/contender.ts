import type { ControlPlane } from '../../cluster/control-plane.ts';

/** The names under which requests of those who are measured are counted. */
export const users = { blockstill: 'blockstill', jobset: 'jobset' } as const;

export interface ContenderOptions {
  readonly controlPlane: ControlPlane;
  readonly namespace: string;
  readonly blocks: number;
  /** Requests a second that the controller may make, and at once. */
  readonly qps: number;
}

/** A controller that runs, and can be given work. */
export interface Contender extends AsyncDisposable {
  readonly pid: number;
  /** A name in {@link users}. */
  readonly user: string;
  /** Creates the resource of this number: prepare, then `blocks` units, then finetune. */
  create(number: number): Promise<void>;
}
