import * as z from 'zod';
import { affinity, toleration, topologySpreadConstraint } from './affinity.ts';
import { atomicList, integer, listMap, objectName, text, textMap } from './fields.ts';
import { environmentSource, environmentVariable, volume, volumeMount } from './volumes.ts';

const userId = integer(1, 4_294_967_294);

const securityContext = z.strictObject({
  runAsUser: userId.optional().describe('The user of the processes. Without it, that of the image (65532).'),
  runAsGroup: userId
    .optional()
    .describe('The group of the processes. Without it, that of the image (65532).'),
  fsGroup: userId
    .optional()
    .describe('The group that owns mounted volumes; needed where a volume is writable by a group only.'),
  supplementalGroups: atomicList(userId, 32).optional().describe('Further groups of the processes.'),
});

const resourceClaim = z.strictObject({
  name: text(63).describe('The name of the claim within the pod.'),
  resourceClaimName: objectName().optional().describe('A ResourceClaim in the same namespace.'),
  resourceClaimTemplateName: objectName()
    .optional()
    .describe('A ResourceClaimTemplate in the same namespace, from which each pod gets its own claim.'),
});

/** What a user may set on the pods: a closed list, so that the pods stay restricted and the schema small. */
export const pod = z.strictObject({
  image: text(512)
    .optional()
    .describe("The worker's image. Without it, the one that the operator was installed with."),
  imagePullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .optional()
    .describe('When the image is pulled. Without it, as Kubernetes decides by the tag.'),
  imagePullSecrets: listMap(
    z.strictObject({ name: objectName().describe('The Secret in the same namespace.') }),
    ['name'],
    16,
  )
    .optional()
    .describe('Secrets with which the image is pulled.'),
  serviceAccountName: objectName()
    .optional()
    .describe(
      "The service account of the pods, for access to storage by workload identity. Its API token is not mounted. Without it, the namespace's default.",
    ),
  labels: textMap(64, 63)
    .optional()
    .describe('Further labels of the pods. Labels of blockstill.dev are refused.'),
  annotations: textMap(64, 4096).optional().describe('Further annotations of the pods.'),
  nodeSelector: textMap(64, 63)
    .optional()
    .describe(
      'Labels that a node must have, besides those that the operator was installed with for other keys. Example: nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB.',
    ),
  tolerations: atomicList(toleration, 32)
    .optional()
    .describe(
      'Taints that the pods tolerate, besides that of the GPU resource and those that the operator was installed with for other keys.',
    ),
  affinity: affinity.optional().describe('Which nodes and neighbours the pods want.'),
  topologySpreadConstraints: listMap(topologySpreadConstraint, ['topologyKey', 'whenUnsatisfiable'], 16)
    .optional()
    .describe('How the pods are spread. On separate nodes they do not contend for CPU.'),
  schedulerName: objectName().optional().describe("The scheduler. Without it, the cluster's default."),
  priorityClassName: objectName().optional().describe('The priority class of the pods.'),
  runtimeClassName: objectName().optional().describe('The runtime class of the pods. Example: nvidia.'),
  env: listMap(environmentVariable, ['name'], 64)
    .optional()
    .describe('Further environment variables. Example: HTTPS_PROXY.'),
  envFrom: atomicList(environmentSource, 16)
    .optional()
    .describe('ConfigMaps and Secrets whose keys become environment variables.'),
  volumes: listMap(volume, ['name'], 32).optional().describe('Volumes of every pod of the job.'),
  volumeMounts: listMap(volumeMount, ['mountPath'], 32)
    .optional()
    .describe('Where the volumes appear; the paths are those of file:/// URIs.'),
  securityContext: securityContext
    .optional()
    .describe('Users and groups. The rest is fixed: not root, no privileges, read-only root file system.'),
  terminationGracePeriodSeconds: integer(10, 3600)
    .default(120)
    .describe('Seconds between the signal to end and the kill; a unit writes its checkpoint in this time.'),
  resourceClaims: listMap(resourceClaim, ['name'], 16)
    .optional()
    .describe('Devices by dynamic resource allocation, in place of resources.gpu.'),
});
