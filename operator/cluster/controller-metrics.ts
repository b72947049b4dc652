import type { Stage } from '../../worker/contract/primitives.ts';

/** What the controller counts; whoever runs it decides what becomes of that. */
export interface ControllerMetrics {
  reconciled(result: 'success' | 'requeue' | 'error', seconds: number): void;
  unitCreated(stage: Stage): void;
  attemptFailed(stage: Stage, reason: string): void;
  statusWritten(result: 'written' | 'conflict'): void;
}

export const noMetrics: ControllerMetrics = {
  reconciled: () => undefined,
  unitCreated: () => undefined,
  attemptFailed: () => undefined,
  statusWritten: () => undefined,
};
