import * as z from 'zod';
import { atomicList, integer, qualifiedName, text, textMap } from './fields.ts';

const labelValue = z.string().max(63);

const selectorRequirement = z.strictObject({
  key: qualifiedName().describe('The label key.'),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How key and values are compared.'),
  values: atomicList(labelValue, 64).optional().describe('Values for In and NotIn; empty otherwise.'),
});

const labelSelector = z
  .strictObject({
    matchLabels: textMap(64, 63).optional().describe('Labels that must all be there with these values.'),
    matchExpressions: atomicList(selectorRequirement, 32)
      .optional()
      .describe('Requirements that must all hold.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

const nodeRequirement = z.strictObject({
  key: qualifiedName().describe('The label key, or the field name.'),
  operator: z
    .enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'])
    .describe('How key and values are compared.'),
  values: atomicList(labelValue, 64)
    .optional()
    .describe('Values for In and NotIn, one whole number for Gt and Lt; empty otherwise.'),
});

const nodeSelectorTerm = z
  .strictObject({
    matchExpressions: atomicList(nodeRequirement, 32)
      .optional()
      .describe("Requirements on the node's labels."),
    matchFields: atomicList(nodeRequirement, 32).optional().describe("Requirements on the node's fields."),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

const weight = integer(1, 100).describe('Weight, 1 to 100.');

const nodeAffinity = z.strictObject({
  requiredDuringSchedulingIgnoredDuringExecution: z
    .strictObject({
      nodeSelectorTerms: atomicList(nodeSelectorTerm, 32).describe('Alternatives, of which one must hold.'),
    })
    .meta({ 'x-kubernetes-map-type': 'atomic' })
    .optional()
    .describe('What a node must fulfil.'),
  preferredDuringSchedulingIgnoredDuringExecution: atomicList(
    z.strictObject({ preference: nodeSelectorTerm.describe('What is preferred of a node.'), weight }),
    32,
  )
    .optional()
    .describe('What a node should fulfil, by weight.'),
});

const podAffinityTerm = z.strictObject({
  labelSelector: labelSelector.optional().describe('The pods that are meant.'),
  namespaces: atomicList(text(63), 64).optional().describe("Their namespaces. Without it, the job's own."),
  namespaceSelector: labelSelector.optional().describe('Their namespaces, by labels.'),
  topologyKey: qualifiedName().describe(
    'The node label whose equal values count as the same place. Example: kubernetes.io/hostname.',
  ),
});

const podAffinity = z.strictObject({
  requiredDuringSchedulingIgnoredDuringExecution: atomicList(podAffinityTerm, 32)
    .optional()
    .describe('What must hold.'),
  preferredDuringSchedulingIgnoredDuringExecution: atomicList(
    z.strictObject({ podAffinityTerm: podAffinityTerm.describe('The pods and the place.'), weight }),
    32,
  )
    .optional()
    .describe('What should hold, by weight.'),
});

export const affinity = z.strictObject({
  nodeAffinity: nodeAffinity.optional().describe('Which nodes a pod may or should run on.'),
  podAffinity: podAffinity.optional().describe('Which pods a pod must or should run beside.'),
  podAntiAffinity: podAffinity.optional().describe('Which pods a pod must not or should not run beside.'),
});

export const topologySpreadConstraint = z.strictObject({
  maxSkew: integer(1, 1000).describe('The most that the numbers of pods in two places may differ.'),
  topologyKey: qualifiedName().describe('The node label whose equal values count as the same place.'),
  whenUnsatisfiable: z
    .enum(['DoNotSchedule', 'ScheduleAnyway'])
    .describe('Whether a pod that would break the constraint waits, or is placed all the same.'),
  labelSelector: labelSelector.optional().describe('The pods that are counted.'),
  minDomains: integer(1, 1000).optional().describe('The least number of places that must exist.'),
});

export const toleration = z.strictObject({
  key: qualifiedName()
    .optional()
    .describe('The key of the taint. Without it, with operator Exists, every taint.'),
  operator: z
    .enum(['Exists', 'Equal'])
    .optional()
    .describe('How key and value are compared; Kubernetes takes Equal when it is not given.'),
  value: labelValue.optional().describe('The value of the taint, for Equal.'),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
    .optional()
    .describe('The effect of the taint. Without it, every effect.'),
  tolerationSeconds: integer(0, 31_536_000)
    .optional()
    .describe('NoExecute only: how many seconds the taint is tolerated. Without it, for ever.'),
});

export type Toleration = z.output<typeof toleration>;
