import { Counter, Gauge, type Registry } from '@prometheus-io/client';
import { stageSchema } from '../../../worker/contract/primitives.ts';
import { attemptFailures, statusWriteResults, type OperatorMetrics } from './operator-metrics.ts';

type UnitMetrics = Pick<
  OperatorMetrics,
  'countUnits' | 'unitCreated' | 'unitAttemptFailed' | 'statusWritten'
>;

/** What becomes of units, and of what is written about them. */
export function unitMetrics(registry: Registry): UnitMetrics {
  const registers = [registry];
  const created = new Counter({
    name: 'blockstill_units_created_total',
    help: 'Attempts at units that were started.',
    labelNames: ['stage'],
    registers,
  });
  const failed = new Counter({
    name: 'blockstill_unit_attempts_failed_total',
    help: 'Attempts at units that ended without a result.',
    labelNames: ['stage', 'reason'],
    registers,
  });
  const writes = new Counter({
    name: 'blockstill_status_writes_total',
    help: 'Status writes, by what came of them.',
    labelNames: ['result'],
    registers,
  });
  // A counter that appears with its first event hides that event from rate().
  for (const stage of stageSchema.options) {
    created.inc({ stage }, 0);
    for (const reason of attemptFailures) failed.inc({ stage, reason }, 0);
  }
  for (const result of statusWriteResults) writes.inc({ result }, 0);
  return {
    countUnits: unitCounts(registry),
    unitCreated: (stage) => created.inc({ stage }),
    unitAttemptFailed: (stage, reason) => failed.inc({ stage, reason }),
    statusWritten: (result) => writes.inc({ result }),
  };
}

/** A process that does not lead knows nothing of units, and says nothing. */
function unitCounts(registry: Registry): OperatorMetrics['countUnits'] {
  let count: Parameters<OperatorMetrics['countUnits']>[0] | undefined;
  registry.registerMetric(
    new Gauge({
      name: 'blockstill_units',
      help: 'Attempts at units that have not ended: Running where the worker runs, else Waiting.',
      labelNames: ['stage', 'state'],
      registers: [],
      collect() {
        const counts = count?.();
        if (counts === undefined) return;
        for (const stage of stageSchema.options) {
          this.set({ stage, state: 'Running' }, counts.running[stage] ?? 0);
          this.set({ stage, state: 'Waiting' }, counts.waiting[stage] ?? 0);
        }
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'blockstill_unit_longest_wait_seconds',
      help: 'How long the attempt that has waited for longest has done so, for quota, a device, an image or a volume.',
      // With none at all, the gauge would begin as 0.
      labelNames: ['stage'],
      registers: [],
      collect() {
        const counts = count?.();
        if (counts === undefined) return;
        for (const stage of stageSchema.options) this.set({ stage }, counts.longestWaitSeconds[stage] ?? 0);
      },
    }),
  );
  return (given) => {
    count = given;
  };
}
