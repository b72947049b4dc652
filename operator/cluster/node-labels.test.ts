import { expect, it } from 'vitest';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { kubeNodes } from './kube-objects.ts';
import { NodeLabels } from './node-labels.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

function aWorld() {
  const [cluster, clock] = [new FakeCluster(), new FakeClock()];
  const problems: string[] = [];
  const onProblem = (problem: string): void => void problems.push(problem);
  const labels = new NodeLabels({ client: cluster, clock, onProblem });
  const of = async (name: string) => await labels.of(name, {});
  const put = (name: string, strategy: string): void => {
    const own = { 'nvidia.com/gpu.sharing-strategy': strategy, 'kubernetes.io/hostname': name };
    cluster.put(kubeNodes, { metadata: { name, labels: own } });
  };
  return { cluster, clock, problems, of, put, labels };
}

const none = { labels: { 'nvidia.com/gpu.sharing-strategy': 'none' } };
const mps = { labels: { 'nvidia.com/gpu.sharing-strategy': 'mps' } };

it('reads a node once, and again after a while', async () => {
  const { cluster, clock, of, put } = aWorld();
  put('a', 'none');
  expect(await Promise.all([of('a'), of('a')])).toEqual([none, none]);
  put('a', 'mps');
  await clock.advance(599);
  expect(await of('a')).toEqual(none);
  await clock.advance(2);
  expect(await of('a')).toEqual(mps);
  expect(cluster.requests).toEqual(['get nodes/a', 'get nodes/a']);
  expect(clock.pending).toBe(0);
});

it('does not insist where it may not read nodes, and says so once', async () => {
  const { cluster, clock, problems, of, put } = aWorld();
  put('a', 'none');
  cluster.refuse(/get nodes/, { httpStatus: 403, reason: 'Forbidden' }, 2);
  const unknown = { unknown: 'the operator may not read nodes' };
  expect(await of('a')).toEqual(unknown);
  expect([await of('a'), await of('b'), await of('c')]).toEqual([unknown, unknown, unknown]);
  expect(cluster.requests).toEqual(['get nodes/a']);
  await clock.advance(601);
  expect(await of('a')).toEqual(unknown);
  await clock.advance(601);
  // The right was given meanwhile.
  expect(await of('a')).toEqual(none);
  expect(cluster.requests).toHaveLength(3);
  expect(problems).toEqual(['Nodes may not be read; whether GPUs are shared stays unknown']);
});

it('keeps what a node said that is gone, or can not be read any more', async () => {
  const { cluster, clock, problems, of, put } = aWorld();
  put('a', 'mps');
  expect(await of('a')).toEqual(mps);
  cluster.remove(kubeNodes, 'a');
  await clock.advance(601);
  expect(await of('a')).toEqual(mps);
  expect(await of('b')).toEqual({ unknown: 'node b is gone' });
  cluster.refuse(/get nodes/, { httpStatus: 500, reason: 'InternalError' }, 2);
  await clock.advance(61);
  expect(await of('a')).toEqual(mps);
  expect(await of('c')).toEqual({ unknown: 'node c could not be read' });
  expect(problems).toEqual(['A node could not be read; whether its GPUs are shared may stay unknown']);
});

it('waits for an answer for five seconds', async () => {
  const clock = new FakeClock();
  const silent = async (_: unknown, __: unknown, { signal }: { signal?: AbortSignal | undefined } = {}) =>
    await new Promise<never>((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
  const labels = new NodeLabels({ client: { get: silent }, clock, onProblem: () => undefined });
  const answer = labels.of('a', {});
  await clock.advance(5);
  expect(await answer).toEqual({ unknown: 'node a could not be read' });
});

it('ends with its caller', async () => {
  const { cluster, labels, put } = aWorld();
  put('a', 'none');
  cluster.refuse(/get nodes/, { httpStatus: 500, reason: 'InternalError' });
  await expect(labels.of('a', { signal: AbortSignal.abort(new Error('over')) })).rejects.toThrow('over');
});
