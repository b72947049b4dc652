import * as z from 'zod';
import { spec } from './spec/spec.ts';
import { status } from './status.ts';
import { withRules } from './with-rules.ts';

export const group = 'blockstill.dev';
export const version = 'v1alpha1';
export const apiVersion = `${group}/${version}`;
export const kind = 'DistillationJob';

const text = z.record(z.string(), z.string());

const metadata = withRules(
  'metadata',
  z.looseObject({
    name: z.string().describe('The name of the job: a DNS label of at most 40 characters.'),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    generation: z.int().optional(),
    labels: text.optional(),
    annotations: text.optional(),
  }),
);

/**
 * The DistillationJob API, the one source of its types, defaults, validation, CRD and reference. It holds only what a
 * structural schema can say; cross-field rules are in `rules/`.
 */
export const distillationJob = z.strictObject({
  apiVersion: z.literal(apiVersion).describe(`The version of this API: ${apiVersion}.`),
  kind: z.literal(kind).describe(`Always ${kind}.`),
  metadata: metadata.describe('Name, namespace, labels and annotations, as for every Kubernetes object.'),
  spec: spec.describe('What to do: the teacher, the data, and how the student is made.'),
  status: status
    .default({ observedGeneration: -1 })
    .describe('What became of it; written by the operator alone.'),
});

export type Metadata = z.output<typeof metadata>;
/** A DistillationJob as it is written: defaults not filled in. */
export type DistillationJob = z.input<typeof distillationJob>;
