import * as z from 'zod';
import { withRules } from '../with-rules.ts';
import { atomicList, integer, objectName, pattern, quantity, text, textMap } from './fields.ts';

const keyToPath = z.strictObject({
  key: text(253).describe('The key in the object.'),
  path: text(512).describe('The file, relative to the mount, that its value is written to.'),
  mode: integer(0, 511).optional().describe('Permission bits of the file, decimal.'),
});

const files = {
  items: atomicList(keyToPath, 64).optional().describe('Which keys become files. Without it, all.'),
  defaultMode: integer(0, 511)
    .optional()
    .describe('Permission bits of the files, decimal. Kubernetes takes 420 (0644).'),
  optional: z.boolean().optional().describe('Whether pods may start when the object is missing.'),
};

const volumeName = () =>
  pattern(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 63, 'at most 63 lower-case letters, digits and "-"');

const readOnly = z.boolean().optional().describe('Whether the volume is mounted read-only.');

export const volume = withRules(
  'spec.pod.volumes[]',
  z.strictObject({
    name: volumeName().describe('The name by which volumeMounts refer to the volume.'),
    persistentVolumeClaim: z
      .strictObject({
        claimName: objectName().describe('The claim in the same namespace.'),
        readOnly,
      })
      .optional()
      .describe('A persistent volume claim. ReadWriteMany lets units run on several nodes.'),
    configMap: z
      .strictObject({ name: objectName().describe('The ConfigMap in the same namespace.'), ...files })
      .optional()
      .describe('Files from a ConfigMap.'),
    secret: z
      .strictObject({ secretName: objectName().describe('The Secret in the same namespace.'), ...files })
      .optional()
      .describe('Files from a Secret.'),
    emptyDir: z
      .strictObject({
        medium: z
          .enum(['', 'Memory'])
          .optional()
          .describe('Memory: a RAM disk. Empty: the disk of the node.'),
        sizeLimit: quantity().optional().describe('The most that may be written, a quantity as text.'),
      })
      .optional()
      .describe('An empty folder that lives as long as the pod.'),
    csi: z
      .strictObject({
        driver: text(63).describe('The name of the CSI driver.'),
        readOnly,
        fsType: text(32).optional().describe('The file system to mount.'),
        volumeAttributes: textMap(32, 1024).optional().describe('Attributes for the driver.'),
      })
      .optional()
      .describe('An inline volume of a CSI driver.'),
    hostPath: z
      .strictObject({
        path: text(1024).describe('The folder on the node.'),
        type: z
          .enum(['', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File'])
          .optional()
          .describe('What must be at the path.'),
      })
      .optional()
      .describe('A folder of the node. Refused unless the operator runs with --allow-host-volumes.'),
    nfs: z
      .strictObject({
        server: text(253).describe('The host name or address of the server.'),
        path: text(1024).describe('The exported path.'),
        readOnly,
      })
      .optional()
      .describe('An inline NFS volume. Refused unless the operator runs with --allow-host-volumes.'),
  }),
);

export const volumeMount = z.strictObject({
  name: volumeName().describe('The name of the volume.'),
  mountPath: text(1024).describe(
    'Where it appears in the container. Example: /data, which makes file:///data/... its URIs.',
  ),
  subPath: text(1024).optional().describe('The folder within the volume. Without it, its root.'),
  readOnly: z.boolean().optional().describe('Whether the mount is read-only.'),
});

const keyReference = (kind: string) =>
  z.strictObject({
    name: objectName().describe(`The ${kind} in the same namespace.`),
    key: text(253).describe('The key in it.'),
    optional: z.boolean().optional().describe('Whether pods may start when it is missing.'),
  });

const environmentName = () =>
  pattern(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/, 256, 'the name of an environment variable');

export const environmentVariable = withRules(
  'spec.pod.env[]',
  z.strictObject({
    name: environmentName().describe('The name of the variable.'),
    value: z.string().max(4096).optional().describe('Its value. Exclusive with valueFrom.'),
    valueFrom: withRules(
      'spec.pod.env[].valueFrom',
      z.strictObject({
        secretKeyRef: keyReference('Secret').optional().describe('A key of a Secret.'),
        configMapKeyRef: keyReference('ConfigMap').optional().describe('A key of a ConfigMap.'),
        fieldRef: z
          .strictObject({ fieldPath: text(256).describe('The field. Example: spec.nodeName.') })
          .optional()
          .describe('A field of the pod.'),
      }),
    )
      .optional()
      .describe('Where its value comes from. Exclusive with value.'),
  }),
);

export const environmentSource = withRules(
  'spec.pod.envFrom[]',
  z.strictObject({
    prefix: environmentName().optional().describe('Put before each name.'),
    configMapRef: z
      .strictObject({
        name: objectName().describe('The ConfigMap in the same namespace.'),
        optional: z.boolean().optional().describe('Whether pods may start when it is missing.'),
      })
      .optional()
      .describe('All keys of a ConfigMap.'),
    secretRef: z
      .strictObject({
        name: objectName().describe('The Secret in the same namespace.'),
        optional: z.boolean().optional().describe('Whether pods may start when it is missing.'),
      })
      .optional()
      .describe('All keys of a Secret.'),
  }),
);
