import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { expect, test } from 'vitest';
import { queueLabels } from '../../operator/cluster/names.ts';
import { renderPod } from '../../operator/cluster/render-pod.ts';
import { accepted } from '../../operator/cluster/testing/distillation-jobs.ts';
import { only, type KubernetesObject } from '../../scripts/helm/run-helm.ts';

interface LocalQueue extends KubernetesObject {
  readonly spec: { readonly clusterQueue: string };
}

interface ClusterQueue extends KubernetesObject {
  readonly spec: {
    readonly resourceGroups: readonly {
      readonly coveredResources: readonly string[];
      readonly flavors: readonly { readonly name: string; readonly resources: readonly { name: string }[] }[];
    }[];
  };
}

interface Job extends KubernetesObject {
  readonly spec: { readonly pod: Readonly<Record<string, unknown>>; readonly [field: string]: unknown };
}

interface Pod {
  readonly spec: { readonly containers: readonly { readonly resources: Readonly<Record<string, object>> }[] };
}

const text = await readFile(new URL('../../helm/examples/kueue.yaml', import.meta.url), 'utf8');
const objects = parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
test("the example's job is in the example's queue, in its namespace, with its priority", () => {
  const { metadata } = only(objects, 'DistillationJob');
  const queue = only<LocalQueue>(objects, 'LocalQueue');
  const [queueName, priority] = queueLabels;
  expect(metadata.labels).toEqual({
    [queueName]: queue.metadata.name,
    [priority]: only(objects, 'WorkloadPriorityClass').metadata.name,
  });
  expect(queue.metadata.namespace).toBe(metadata.namespace);
  expect(queue.spec.clusterQueue).toBe(only(objects, 'ClusterQueue').metadata.name);
});

test("the example's queue covers all that pods of its job ask for: others would never be admitted", () => {
  const { spec } = only<Job>(objects, 'DistillationJob');
  const [group] = only<ClusterQueue>(objects, 'ClusterQueue').spec.resourceGroups;
  const [flavor] = group?.flavors ?? [];
  expect(flavor?.name).toBe(only(objects, 'ResourceFlavor').metadata.name);
  expect(flavor?.resources.map(({ name }) => name)).toEqual(group?.coveredResources);
  const job = accepted({ spec, pod: spec.pod });
  for (const stage of ['Prepare', 'Distill', 'Finetune'] as const) {
    const rendered = { accepted: job, stage, unitSpec: '{}', labels: {}, annotations: {} };
    const { containers } = (renderPod(rendered) as Pod).spec;
    const asked = containers.flatMap(({ resources }) =>
      Object.values(resources).flatMap((each) => Object.keys(each)),
    );
    expect([...new Set(asked)].toSorted()).toEqual(['cpu', 'memory', 'nvidia.com/gpu']);
    expect(group?.coveredResources).toEqual(expect.arrayContaining(asked));
  }
});
