import { printerColumns } from '../../crds/custom-resource-definition.ts';
import type { DistillationJobObject } from '../../operator/cluster/kube-objects.ts';
import { age } from './age.ts';
import { printable } from './printable.ts';
import { table } from './table.ts';

/** Jobs in the columns of `kubectl get`, and under the same names; what is unknown is empty there too. */
export function jobList(
  jobs: readonly DistillationJobObject[],
  { now, namespaces }: { readonly now: Date; readonly namespaces: boolean },
): string[] {
  const header = [
    ...(namespaces ? ['NAMESPACE'] : []),
    'NAME',
    ...printerColumns.map(({ name }) => name.toUpperCase()),
    'AGE',
  ];
  const rows = jobs.map((job) => [
    ...(namespaces ? [job.metadata.namespace ?? ''] : []),
    job.metadata.name ?? '',
    ...printerColumns.map(({ jsonPath }) => textAt(job, jsonPath)),
    ageText(job, now),
  ]);
  return table([header, ...rows]);
}

/** The columns' paths are plain ones: `.status.summary.blocks`. */
function textAt(job: DistillationJobObject, path: string): string {
  const keys = path.split('.').filter((key) => key !== '');
  const value = keys.reduce<unknown>(
    (found, key) => (found as Record<string, unknown> | undefined)?.[key],
    job,
  );
  return typeof value === 'string' ? printable(value) : '';
}

function ageText({ metadata: { creationTimestamp } }: DistillationJobObject, now: Date): string {
  return creationTimestamp === undefined
    ? '<unknown>'
    : age((now.getTime() - Date.parse(creationTimestamp)) / 1000);
}
