import type { RandomStream } from '../../common/random.ts';
import { labels } from '../../operator/cluster/names.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import type { KubeObject, Resource } from '../../operator/kube/resource.ts';
import type { ControlPlane } from '../cluster/control-plane.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { distillationJobs, jobs, pods, type DistillationJobObject } from './objects.ts';
import type { OperatorFleet } from './operator-fleet.ts';
import { pauseLeader } from './pause-leader.ts';
import type { PodSimulator } from './pod-simulator.ts';

/** What a disturbance may lay its hands on. */
export interface Victims {
  readonly controlPlane: ControlPlane;
  /** The administrator's, straight to the API server. */
  readonly client: KubeClient;
  readonly proxy: FaultProxy;
  readonly operators: OperatorFleet;
  readonly simulator: PodSimulator;
  readonly namespace: string;
  readonly random: RandomStream;
  wait(seconds: number): Promise<void>;
}

/** Something that happens to a cluster, with how often it does compared to the others. */
export interface Disturbance {
  readonly name: string;
  readonly weight: number;
  /** It takes at least so many operators; without this, one. */
  readonly operators?: number;
  disturb(victims: Victims): Promise<void>;
}

/** All that is done to a run, most of it kills of the operator. */
export const disturbances: readonly Disturbance[] = [
  {
    name: 'operator killed',
    weight: 12,
    disturb: async ({ operators, random, wait }) => {
      const operator = await operators.kill(random);
      await wait(random.uniform());
      await operators.replace(operator);
    },
  },
  {
    name: 'operator killed, a pod deleted right after its success meanwhile',
    weight: 3,
    disturb: async ({ operators, random, wait, client, namespace }) => {
      const operator = await operators.kill(random);
      try {
        await wait(0.5);
        await deleteOne(client, pods, { namespace, random, isMeant: isSucceeded });
      } finally {
        await operators.replace(operator);
      }
    },
  },
  {
    name: 'operator killed, a Job deleted meanwhile',
    weight: 2,
    disturb: async ({ operators, random, wait, client, namespace }) => {
      const operator = await operators.kill(random);
      try {
        await wait(random.uniform());
        await deleteOne(client, jobs, { namespace, random, propagation: 'Background' });
      } finally {
        await operators.replace(operator);
      }
    },
  },
  {
    name: 'operator paused',
    weight: 2,
    disturb: async ({ operators, random, wait }) => {
      const operator = operators.pick(random);
      operator.pause();
      await wait(1 + 2 * random.uniform());
      operator.resume();
    },
  },
  {
    name: 'leader paused until another operator leads',
    weight: 1,
    // One alone would only cost time: nobody takes its place.
    operators: 2,
    disturb: async ({ operators, random, wait }) => {
      await pauseLeader(operators, { overlapSeconds: 2 * random.uniform(), wait });
    },
  },
  {
    name: 'operator asked to end',
    weight: 2,
    disturb: async ({ operators, random }) => {
      const operator = operators.pick(random);
      await operator.terminate();
      await operators.replace(operator);
    },
  },
  {
    name: 'all connections of the operator cut',
    weight: 3,
    disturb: async ({ proxy }) => proxy.cutAll(),
  },
  {
    name: 'API server killed and started',
    weight: 1,
    disturb: async ({ controlPlane, random, wait }) => {
      await controlPlane.apiServer.stop();
      await wait(random.uniform());
      await controlPlane.apiServer.start();
    },
  },
  {
    name: 'etcd paused',
    weight: 1,
    disturb: async ({ controlPlane, random, wait }) => {
      controlPlane.apiServer.pauseEtcd();
      await wait(0.5 + 1.5 * random.uniform());
      controlPlane.apiServer.resumeEtcd();
    },
  },
  {
    name: 'controller manager killed and started',
    weight: 1,
    disturb: async ({ controlPlane }) => await controlPlane.restartControllerManager(),
  },
  {
    name: 'a Job deleted',
    weight: 2,
    disturb: async ({ client, namespace, random }) => {
      const propagation = random.uniform() < 0.5 ? 'Background' : 'Foreground';
      await deleteOne(client, jobs, { namespace, random, propagation });
    },
  },
  {
    name: 'a pod deleted',
    weight: 3,
    disturb: async ({ client, namespace, random }) => await deleteOne(client, pods, { namespace, random }),
  },
  {
    name: 'a status emptied',
    weight: 2,
    disturb: async ({ client, namespace, random }) => {
      const chosen = await chooseOne(client, distillationJobs, { namespace, random });
      if (chosen === undefined) return;
      const patch = { type: 'Json', body: [{ op: 'remove', path: '/status' }] } as const;
      const { name = '' } = chosen.metadata;
      await client.patch(distillationJobs, { namespace, name }, { patch, subresource: 'status' });
    },
  },
  {
    name: 'a job suspended and resumed',
    weight: 2,
    disturb: async ({ client, namespace, random, wait }) => {
      const chosen = await chooseOne(client, distillationJobs, { namespace, random, isMeant: isUnfinished });
      if (chosen === undefined) return;
      const { name = '' } = chosen.metadata;
      const suspend = async (value: boolean) => {
        const patch = { type: 'Merge', body: { spec: { suspend: value } } } as const;
        await client.patch(distillationJobs, { namespace, name }, { patch });
      };
      await suspend(true);
      try {
        await wait(2 * random.uniform());
      } finally {
        await suspend(false);
      }
    },
  },
  {
    name: 'pods of nodes that are gone removed',
    weight: 1,
    disturb: async ({ simulator }) => simulator.removeGoneNodes(),
  },
];

/** Those that can happen to so many operators. */
export function possibleWith(operators: number, among: readonly Disturbance[] = disturbances): Disturbance[] {
  return among.filter((disturbance) => operators >= (disturbance.operators ?? 1));
}

interface Choice<T> {
  readonly namespace: string;
  readonly random: RandomStream;
  readonly propagation?: 'Background' | 'Foreground';
  readonly isMeant?: (object: T) => boolean;
}

async function chooseOne<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  { namespace, random, isMeant = () => true }: Choice<T>,
): Promise<T | undefined> {
  const labelSelector = resource.plural === distillationJobs.plural ? undefined : labels.jobUid;
  const { items } = await client.list(resource, { namespace, labelSelector });
  const meant = items.filter((item) => item.metadata.deletionTimestamp === undefined && isMeant(item));
  return meant.length === 0 ? undefined : meant[random.below(meant.length)];
}

async function deleteOne<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  choice: Choice<T>,
): Promise<void> {
  const { uid, name = '' } = (await chooseOne(client, resource, choice))?.metadata ?? {};
  if (uid === undefined) return;
  const { namespace, propagation } = choice;
  await client.delete(resource, { namespace, name }, { uid, ...(propagation && { propagation }) });
}

function isSucceeded({ status }: { readonly status?: { readonly phase?: string } }): boolean {
  return status?.phase === 'Succeeded';
}

function isUnfinished({ status }: DistillationJobObject): boolean {
  return status?.phase !== 'Complete' && status?.phase !== 'Failed';
}
