import { describe, expect, it } from 'vitest';
import type { NodeWide } from '../decide/observed.ts';
import { kubeNodes } from './kube-objects.ts';
import { podStatus } from './testing/children.ts';
import { SmallWorld } from './testing/small-world.ts';

function putNode(world: SmallWorld, name: string, labels: Readonly<Record<string, string>>): void {
  const own = Object.entries(labels).map(([label, value]) => [`nvidia.com/${label}`, value]);
  world.cluster.put(kubeNodes, { metadata: { name, labels: Object.fromEntries(own) } });
}

/** Both units run, on one node. */
async function distillingOn(node: string, world = new SmallWorld()): Promise<SmallWorld> {
  await world.distilling();
  for (const index of [0, 1]) {
    const status = { ...podStatus.running(), hostIP: '10.1.0.1' };
    world.pod({ stage: 'Distill', index, node, status });
  }
  return world;
}

/** The reason why its GPU has no energy, as the status has it when the units have committed. */
async function reasonAfter(world: SmallWorld): Promise<string | undefined> {
  for (const index of [0, 1]) world.commit('Distill', index);
  await world.reconcile();
  return world.status.energy?.reason;
}

function nodeRequests({ cluster }: SmallWorld): string[] {
  return cluster.requests.filter((request) => request.includes(' nodes'));
}

describe('how a node gives out its GPUs', () => {
  it('is read once, when pods are bound to it', async () => {
    const world = await new SmallWorld().distilling();
    expect(nodeRequests(world)).toEqual([]);
    putNode(world, 'gpu-1', { 'gpu.sharing-strategy': 'none' });
    await distillingOn('gpu-1', world);
    await world.reconcile();
    await world.reconcile();
    expect(nodeRequests(world)).toEqual(['get nodes/gpu-1']);
  });

  it.each([
    [{ 'gpu.sharing-strategy': 'time-slicing' }, 'the GPUs of node gpu-1 are time-sliced'],
    [{ 'gpu.product': 'A100-MIG-1g.10gb' }, 'the GPUs of node gpu-1 are MIG instances (A100-MIG-1g.10gb)'],
  ])('keeps energy from being attributed: %j', async (labels, why) => {
    const world = await distillingOn('gpu-1');
    putNode(world, 'gpu-1', labels);
    await world.reconcile();
    expect(await reasonAfterOn('gpu-1', world)).toContain(`not attributable: ${why}.`);
  });

  it('stays unknown, and nothing else is touched, where nodes may not be read or are gone', async () => {
    const world = await distillingOn('gpu-1');
    world.cluster.refuse(/get nodes/, { httpStatus: 403, reason: 'Forbidden' }, Infinity);
    for (let times = 0; times < 3; times += 1) await world.reconcile();
    expect(nodeRequests(world)).toEqual(['get nodes/gpu-1']);
    expect(world.warnings).toEqual(['Nodes may not be read; whether GPUs are shared stays unknown']);
    expect(await reasonAfter(world)).toBe('GPU: no meter.');

    const gone = await distillingOn('gpu-2');
    await gone.reconcile();
    expect(gone.warnings).toEqual([]);
    expect(await reasonAfter(gone)).toBe('GPU: no meter.');
  });

  it('needs no node where the name of the resource says it', async () => {
    const spec = { resources: { gpu: { resourceName: 'nvidia.com/mig-1g.10gb' } } };
    const world = await distillingOn('gpu-1', new SmallWorld({ spec }));
    await world.reconcile();
    expect(await reasonAfterOn('gpu-1', world)).toContain('nvidia.com/mig-1g.10gb is a MIG instance');
    expect(nodeRequests(world)).toEqual([]);
  });
});

/** Likewise, with pods that are still known to have been on the node. */
async function reasonAfterOn(node: string, world: SmallWorld): Promise<string | undefined> {
  for (const index of [0, 1]) {
    world.commit('Distill', index);
    const [pod] = world.podsOf('Distill', index);
    if (pod === undefined) throw new Error('there is no pod');
    world.pod({ stage: 'Distill', index, node, status: pod.status });
  }
  await world.reconcile();
  return world.status.energy?.reason;
}

describe('exporters', () => {
  it('are told of the nodes with GPUs, and forgotten with the job', async () => {
    const world = new SmallWorld();
    const told: string[] = [];
    const nothing: NodeWide = { devices: [], reserved: [], problems: ['The exporter is silent.'] };
    world.exporters = {
      observe: (uid, nodes) => {
        told.push(`${uid} ${[...nodes].join()}`);
        return nothing;
      },
      forget: (uid) => void told.push(`forget ${uid}`),
    };
    world.restartOperator();
    await distillingOn('gpu-1', world);
    told.length = 0;
    await world.reconcile();
    expect(told).toEqual(['owner-uid gpu-1,10.1.0.1']);
    expect(world.status.energy?.reason).toBe('The exporter is silent.');
    for (const index of [0, 1]) world.commit('Distill', index);
    await world.reconcile();
    world.commit('Finetune');
    await world.reconcile();
    told.length = 0;
    await world.reconcile();
    expect(told).toEqual(['forget owner-uid']);
  });
});
