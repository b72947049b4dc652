import type { AuditInput, Violation } from './audit.ts';
import { holds, replay } from './world.ts';

/** DistillationJobs that are neither Finished, nor deleted, nor told to stand still. */
export function findUnended({ history }: AuditInput): Violation[] {
  const { resources } = replay(history.events, () => undefined);
  return [...resources.values()]
    .filter((resource) => !resource.suspend && !holds(resource, 'Finished'))
    .map(({ name, status }) => {
      const sentence = `DistillationJob ${name} has not ended: its phase is ${status.phase ?? 'unknown'}.`;
      return { rule: 'unended', sentence };
    });
}
