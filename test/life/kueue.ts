import type { KubeClient } from '../../operator/kube/client.ts';
import { jobs, type JobObject } from '../chaos/objects.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { namespace, type OperatorWorld } from './operator-world.ts';

const queueLabel = 'kueue.x-k8s.io/queue-name';
const stoppingAnnotation = 'kueue.x-k8s.io/stopping';
const flavorLabel = 'cloud.example/instance-type';

/** A queue whose Jobs the webhook lets through, as one does that is installed later than the Job was made. */
export const unguardedQueue = 'unguarded';

/** The API server's policies that change what is created are off by default in this version. */
export const serverArguments = async (): Promise<readonly string[]> => [
  '--feature-gates=MutatingAdmissionPolicy=true',
  '--runtime-config=admissionregistration.k8s.io/v1beta1=true',
];

interface PlacedTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: JobObject['spec']['template']['spec'] & {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly object[];
  };
}

export interface QueuedJob extends JobObject {
  readonly spec: JobObject['spec'] & { readonly suspend?: boolean; readonly template: PlacedTemplate };
}

/**
 * Does to Jobs what Kueue's documents and its integration of `batch/v1` Jobs do (v0.19), when the test says so: its quota,
 * its order and its Workloads are not in it. It writes in the same order, so that the API server's and the Job controller's
 * answers to that are real.
 */
export interface KueueStandIn {
  /** The Job as soon as it is there and held back. */
  held(name: string): Promise<QueuedJob>;
  /** Gives it quota of a flavor: adds to the template what nodes of that flavor need, and resumes it, in one write. */
  admit(name: string, flavor?: string): Promise<void>;
  /**
   * Takes the quota back, whatever for: preemption, pods that are not ready in time, a Workload that was deleted or deactivated.
   * Done when no pod of it is active any more, which is when Kueue lets another Job have the quota.
   */
  evict(name: string): Promise<void>;
}

/** Starts it: from now on, labelled Jobs are made suspended. */
export async function startKueue(world: OperatorWorld): Promise<KueueStandIn> {
  const { client } = world;
  await world.kubectl(['apply', '-f', '-'], JSON.stringify(webhook));
  await waitFor('the webhook to hold Jobs back', async () => {
    const probe = JSON.stringify(probeJob);
    const path = 'jsonpath={.spec.suspend}';
    const made = await world.kubectl(['create', '--dry-run=server', '-o', path, '-f', '-'], probe);
    return made === 'true' ? true : undefined;
  });
  const templates = new Map<string, PlacedTemplate>();
  const read = async (name: string): Promise<QueuedJob | undefined> =>
    await client.get(jobs, { namespace, name });
  const held = async (name: string): Promise<QueuedJob> =>
    await waitFor(`${name} to be held back`, async () => {
      const job = await read(name);
      return job?.spec.suspend === true ? job : undefined;
    });
  return {
    held,
    admit: async (name, flavor = 'gpu-small') => {
      const { metadata, spec } = await held(name);
      templates.set(metadata.uid ?? '', spec.template);
      await write(client, name, { spec: { suspend: false, template: placed(spec.template, flavor) } });
    },
    evict: async (name) => {
      const { uid = '' } = (await read(name))?.metadata ?? {};
      await write(client, name, {
        metadata: { annotations: { [stoppingAnnotation]: 'true' } },
        spec: { suspend: true },
      });
      await write(client, name, { status: { startTime: null } }, 'status');
      const original = templates.get(uid);
      await write(client, name, {
        metadata: { annotations: { [stoppingAnnotation]: null } },
        ...(original === undefined ? {} : { spec: { template: restored(original) } }),
      });
      await waitFor(`${name} to have no pod`, async () =>
        (await read(name))?.status?.active ? undefined : true,
      );
    },
  };
}

function placed({ metadata, spec }: PlacedTemplate, flavor: string): object {
  const toleration = { key: flavorLabel, operator: 'Equal', value: flavor, effect: 'NoSchedule' };
  return {
    metadata: { labels: { ...metadata?.labels, 'kueue.x-k8s.io/podset': 'main' } },
    spec: {
      nodeSelector: { ...spec.nodeSelector, [flavorLabel]: flavor },
      tolerations: [...(spec.tolerations ?? []), toleration],
    },
  };
}

/** A merge patch: what was not there before goes. */
function restored({ spec: { nodeSelector, tolerations } }: PlacedTemplate): object {
  return {
    metadata: { labels: { 'kueue.x-k8s.io/podset': null } },
    spec: { nodeSelector: { [flavorLabel]: null, ...nodeSelector }, tolerations: tolerations ?? null },
  };
}

async function write(client: KubeClient, name: string, body: object, subresource?: 'status'): Promise<void> {
  const options = subresource === undefined ? {} : { subresource };
  await client.patch(jobs, { namespace, name }, { patch: { type: 'Merge', body: { ...body } }, ...options });
}

const webhook = {
  apiVersion: 'v1',
  kind: 'List',
  items: [
    {
      apiVersion: 'admissionregistration.k8s.io/v1beta1',
      kind: 'MutatingAdmissionPolicy',
      metadata: { name: 'kueue' },
      spec: {
        failurePolicy: 'Fail',
        reinvocationPolicy: 'Never',
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['jobs'] },
          ],
        },
        matchConditions: [
          {
            name: 'labelled',
            expression: `has(object.metadata.labels) && '${queueLabel}' in object.metadata.labels && object.metadata.labels['${queueLabel}'] != '${unguardedQueue}'`,
          },
        ],
        mutations: [
          {
            patchType: 'ApplyConfiguration',
            applyConfiguration: { expression: 'Object{spec: Object.spec{suspend: true}}' },
          },
        ],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1beta1',
      kind: 'MutatingAdmissionPolicyBinding',
      metadata: { name: 'kueue' },
      spec: { policyName: 'kueue' },
    },
  ],
};

const probeJob = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'probe', namespace, labels: { [queueLabel]: 'any' } },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } } },
};
