import { group, kind, version } from './distillation-job.ts';
import { structuralSchema } from './json-schema.ts';

const plural = 'distillationjobs';

const column = (name: string, type: 'string' | 'date', jsonPath: string, description: string) => ({
  name,
  type,
  description,
  jsonPath,
});

/** What `kubectl get` and `blockstill list` show, between name and age. */
export const printerColumns = [
  column('Phase', 'string', '.status.phase', 'Where the job is.'),
  column('Blocks', 'string', '.status.summary.blocks', 'Blocks that are done, of all.'),
  column('Speedup', 'string', '.status.summary.speedup', 'What parallel training gained.'),
  column('Energy', 'string', '.status.summary.energy', 'What it cost.'),
  column('Accuracy', 'string', '.status.summary.accuracy', 'Accuracy of the student.'),
];

/** Shown by `kubectl get -o wide` only. */
const wideColumns = [
  column('Saving', 'string', '.status.summary.saving', 'Energy saving against a measured baseline.'),
  column('GPU-Seconds', 'string', '.status.summary.gpuSeconds', 'Device seconds of all attempts on GPUs.'),
  column('Message', 'string', '.status.conditions[?(@.type=="Ready")].message', 'What is going on.'),
];

/** The CustomResourceDefinition that makes an API server know DistillationJobs. */
export function customResourceDefinition(): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: ['distill'],
        categories: ['all', 'blockstill'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            ...printerColumns,
            column('Age', 'date', '.metadata.creationTimestamp', 'Time since the job was created.'),
            ...wideColumns.map((wide) => ({ ...wide, priority: 1 })),
          ],
          schema: { openAPIV3Schema: structuralSchema() },
        },
      ],
    },
  };
}
