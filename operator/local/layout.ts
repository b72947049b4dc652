import { join } from 'node:path';

/** The exchange folder of a job: `<storage root>/<namespace>/<name>-<uid>`, as in a cluster. */
export function jobFolder(
  storageRoot: string,
  job: { namespace: string; name: string; uid: string },
): string {
  return join(storageRoot, job.namespace, `${job.name}-${job.uid}`);
}

/** Sorts as its number does, up to 999. */
export function attemptId(number: number): string {
  return `attempt-${String(number).padStart(3, '0')}`;
}

/** What the runner keeps beside the units' folders. */
export const runnerFiles = {
  status: 'status.json',
  spec: 'spec.json',
  lock: 'runner.lock',
  suspensions: 'suspensions.json',
  units: 'units.json',
} as const;

/** What the runner keeps in an attempt's folder, beside `attempt.json`. */
export const attemptFiles = { spec: 'unit-spec.json', log: 'worker.log' } as const;
