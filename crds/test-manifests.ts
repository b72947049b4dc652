import type { DistillationJob } from './distillation-job.ts';

/** The least that a manifest must say. */
export function minimalManifest(): DistillationJob {
  return {
    apiVersion: 'blockstill.dev/v1alpha1',
    kind: 'DistillationJob',
    metadata: { name: 'resnet50' },
    spec: {
      teacher: { uri: 'file:///models/resnet50/model.json' },
      dataset: { format: 'CIFAR10', train: { uri: 'file:///data/cifar-10' } },
      output: { uri: 'file:///students/resnet50' },
    },
  };
}

/** The minimal manifest with other values at some paths, such as `spec.distill.epochs`. */
export function manifestWith(values: Readonly<Record<string, unknown>>): unknown {
  const manifest = minimalManifest() as unknown as Record<string, unknown>;
  for (const [path, value] of Object.entries(values)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let parent = manifest;
    for (const key of keys) parent = (parent[key] ??= {}) as Record<string, unknown>;
    parent[last] = value;
  }
  return manifest;
}
