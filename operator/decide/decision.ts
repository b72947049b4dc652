import type { DistillationJobStatus } from '../../crds/status.ts';
import type { Stage } from '../../worker/contract/primitives.ts';
import type { Reference, UnitSpec } from '../../worker/contract/unit-spec.ts';

/** What is to be done now. Carrying it out twice does no harm: names are functions of unit and attempt number. */
export interface Decision {
  readonly create: readonly UnitToCreate[];
  readonly remove: readonly AttemptToRemove[];
  readonly status: DistillationJobStatus;
  /** To be emitted after the status has been written. */
  readonly events: readonly JobEvent[];
  /** When to look again though nothing has changed. */
  readonly requeueAfterSeconds?: number;
}

/** An attempt to start; whoever applies it adds identity and place. */
export interface UnitToCreate {
  readonly unit: string;
  readonly stage: Stage;
  /** Position of a distill unit in the plan; 0 for the other stages. */
  readonly index: number;
  readonly attemptNumber: number;
  readonly plan?: Reference;
  readonly blocks?: readonly string[];
  readonly results?: readonly Reference[];
  readonly failedBlocks?: NonNullable<UnitSpec['failedBlocks']>;
}

export interface AttemptToRemove {
  readonly unit: string;
  readonly id: string;
}

export interface JobEvent {
  readonly type: 'Normal' | 'Warning';
  /** One word in CamelCase. */
  readonly reason: string;
  readonly message: string;
}
