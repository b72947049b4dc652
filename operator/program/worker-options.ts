import * as z from 'zod';
import type { OperatorDefaults, SpecDefaults } from '../cluster/operator-defaults.ts';
import type { FlagName } from './flags.ts';
import { choice, flag, objectName, parsed, text } from './option-values.ts';
import { parseNodeLabel, parseTaint } from './parse-taint.ts';
import { storageUri } from './storage-options.ts';

/** What the pods of jobs get where the job says nothing. */
export interface WorkerDefaults {
  /** Undefined: a job that names none is invalid. */
  readonly image: string | undefined;
  readonly imagePullPolicy: OperatorDefaults['imagePullPolicy'];
  readonly imagePullSecrets: readonly string[];
  readonly runtimeClassName: string | undefined;
  readonly specDefaults: SpecDefaults;
}

const image = text.regex(/^\S+$/, 'is no image: it has a space in it');
const extendedResource = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
    'is no name of an extended resource, such as nvidia.com/gpu or nvidia.com/mig-1g.10gb',
  );

const nodeLabels = z.array(parsed(parseNodeLabel)).superRefine((labels, context) => {
  for (const [index, { key, value }] of labels.entries()) {
    const earlier = labels.slice(0, index).find((each) => each.key === key);
    if (earlier === undefined || earlier.value === value) continue;
    const message = `asks for another value of ${key} than "${earlier.value}", and a node has only one`;
    context.addIssue({ code: 'custom', message, path: [index] });
  }
});

export const workerSchema = z.object({
  'worker-image': image.optional(),
  'worker-image-pull-policy': choice('Always', 'IfNotPresent', 'Never').optional(),
  'worker-image-pull-secret': z.array(objectName).default([]),
  'worker-runtime-class': objectName.optional(),
  'worker-gpu-resource': extendedResource.optional(),
  'worker-toleration': z.array(parsed(parseTaint)).default([]),
  'worker-node-selector': nodeLabels.default([]),
  'worker-storage-uri': storageUri.optional(),
  'worker-storage-claim': objectName.optional(),
  'worker-storage-s3-endpoint': z
    .string()
    .regex(/^https?:\/\/[^/\s]\S*$/, 'is no address of an S3 server, such as https://minio.storage.svc:9000')
    .optional(),
  'worker-storage-s3-region': text.optional(),
  'worker-storage-s3-force-path-style': flag.default(false),
  'worker-storage-s3-credentials-secret': objectName.optional(),
} satisfies Partial<Record<FlagName, z.ZodType>>);

export function compileWorker(data: z.infer<typeof workerSchema>): WorkerDefaults {
  return {
    image: data['worker-image'],
    imagePullPolicy: data['worker-image-pull-policy'],
    imagePullSecrets: data['worker-image-pull-secret'],
    runtimeClassName: data['worker-runtime-class'],
    specDefaults: {
      gpuResourceName: data['worker-gpu-resource'],
      tolerations: data['worker-toleration'],
      nodeSelector: Object.fromEntries(data['worker-node-selector'].map(({ key, value }) => [key, value])),
      storage: compileStorage(data),
    },
  };
}

function compileStorage(data: z.infer<typeof workerSchema>): SpecDefaults['storage'] {
  const uri = data['worker-storage-uri'];
  if (uri === undefined) return undefined;
  return {
    uri,
    claimName: data['worker-storage-claim'],
    s3: {
      endpoint: data['worker-storage-s3-endpoint'],
      region: data['worker-storage-s3-region'],
      forcePathStyle: data['worker-storage-s3-force-path-style'],
      credentialsSecretName: data['worker-storage-s3-credentials-secret'],
    },
  };
}
