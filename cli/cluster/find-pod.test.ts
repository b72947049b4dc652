import { describe, expect, it } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { kubeJobs, kubePods } from '../../operator/cluster/kube-objects.ts';
import { annotations, labels } from '../../operator/cluster/names.ts';
import {
  aKubeJob,
  aKubePod,
  failed,
  podStatus,
  type Attempt,
} from '../../operator/cluster/testing/children.ts';
import { aDistillationJob } from '../../operator/cluster/testing/distillation-jobs.ts';
import { FakeCluster } from '../../operator/cluster/testing/fake-cluster.ts';
import { findPod, type Wanted } from './find-pod.ts';

interface Given extends Attempt {
  readonly blocks?: string;
  /** Its pod is gone. */
  readonly podless?: boolean;
  /** Its Job is gone too, or alone. */
  readonly jobless?: boolean;
  readonly ended?: boolean;
  readonly suffix?: string;
  readonly createdAt?: number;
}

function clusterWith(...attempts: readonly Given[]): FakeCluster {
  const cluster = new FakeCluster();
  for (const { blocks, podless, jobless, ended, ...attempt } of attempts) {
    const annotated = blocks === undefined ? {} : { annotations: { [annotations.blocks]: blocks } };
    const job = aKubeJob({ ...attempt, ...(ended === true ? { conditions: failed() } : {}) });
    const pod = aKubePod({ ...attempt, status: ended === true ? podStatus.ended(1) : podStatus.running() });
    if (jobless !== true) cluster.put(kubeJobs, { ...job, metadata: { ...job.metadata, ...annotated } });
    if (podless !== true) cluster.put(kubePods, { ...pod, metadata: { ...pod.metadata, ...annotated } });
  }
  return cluster;
}

const status: DistillationJobStatus = {
  attempts: { prepare: 1 },
  blocks: [
    { name: 'conv_1', layers: 'conv_1', state: 'Running', attempts: 3 },
    { name: 'conv_2', layers: 'conv_2', state: 'Pending' },
    { name: 'conv_3', layers: 'conv_3', state: 'Kept', reason: 'It has no convolution.' },
  ],
  conditions: [
    {
      type: 'Ready',
      status: 'Unknown',
      reason: 'WaitingForNode',
      message: 'Waiting for a node.',
      lastTransitionTime: '2026-03-01T12:00:00Z',
    },
  ],
};

async function find(cluster: FakeCluster, wanted: Partial<Wanted> & { block: string }) {
  const { signal } = new AbortController();
  const job = aDistillationJob({ status });
  return await findPod(cluster, job, { wanted: { previous: false, ...wanted }, signal });
}

const three = () =>
  clusterWith(
    { stage: 'Prepare' },
    { stage: 'Baseline' },
    { attempt: 1, blocks: 'conv_0,conv_1', ended: true, podless: true },
    { attempt: 2, blocks: 'conv_0,conv_1', ended: true },
    { attempt: 3, blocks: 'conv_0,conv_1' },
    { index: 1, attempt: 7, blocks: 'conv_10' },
  );

describe('the pod', () => {
  it.each([
    { of: 'the newest attempt at a block', wanted: { block: 'conv_1' }, name: 'mnist-u000-3-x7k2p' },
    { of: 'the attempt before', wanted: { block: 'conv_1', previous: true }, name: 'mnist-u000-2-x7k2p' },
    { of: 'a certain attempt', wanted: { block: 'conv_0', attempt: 2 }, name: 'mnist-u000-2-x7k2p' },
    { of: 'a unit', wanted: { block: 'unit-001' }, name: 'mnist-u001-7-x7k2p' },
    { of: 'prepare', wanted: { block: 'prepare' }, name: 'mnist-p000-1-x7k2p' },
    { of: 'the serial run', wanted: { block: 'baseline' }, name: 'mnist-b000-1-x7k2p' },
  ])('of $of', async ({ wanted, name }) => {
    expect((await find(three(), wanted)).metadata.name).toBe(name);
  });

  it('is the newest of an attempt that was given several', async () => {
    const attempt = { blocks: 'conv_1', attempt: 3 };
    const cluster = clusterWith(
      { ...attempt, suffix: 'bbbbb', createdAt: 200 },
      { ...attempt, suffix: 'aaaaa', createdAt: 100 },
    );
    expect((await find(cluster, { block: 'conv_1' })).metadata.name).toBe('mnist-u000-3-bbbbb');
  });

  it('of another job with the same name is none', async () => {
    const cluster = clusterWith();
    const foreign = aKubePod({ attempt: 4 });
    const metadata = {
      ...foreign.metadata,
      labels: { ...foreign.metadata.labels, [labels.jobUid]: 'other' },
    };
    cluster.put(kubePods, { ...foreign, metadata });
    await expect(find(cluster, { block: 'unit-000' })).rejects.toMatchObject({
      code: 'cluster/no-such-block',
    });
  });
});

describe('without a pod', () => {
  it.each([
    {
      of: 'one that is gone',
      wanted: { block: 'conv_1', attempt: 1 },
      message: 'The pod of attempt 1 at the block conv_1 is gone, and its log with it.',
      hint: 'Attempts: 1 (failed, its pod is gone), 2 (failed), 3 (running). Choose one with --attempt.',
    },
    {
      of: 'an attempt that there was not',
      wanted: { block: 'conv_1', attempt: 9 },
      code: 'cluster/no-such-attempt',
      message: 'There was no attempt 9 at the block conv_1.',
    },
    {
      of: 'a block that nothing was started for',
      wanted: { block: 'conv_2' },
      message: 'Nothing of the block conv_2 has been started yet.',
      hint: 'Waiting for a node.',
    },
    {
      of: "a block that is the teacher's",
      wanted: { block: 'conv_3' },
      message: "The block conv_3 is kept as the teacher's, so nothing is trained for it.",
      hint: 'It has no convolution.',
    },
    {
      of: 'finetune before it began',
      wanted: { block: 'finetune' },
      message: 'Nothing of finetune has been started yet.',
    },
    {
      of: 'a block with a mistake in its name',
      wanted: { block: 'conv2' },
      code: 'cluster/no-such-block',
      message: 'The job has no block "conv2".',
      hint: 'Did you mean conv_2?',
    },
  ])('says so of $of', async ({ wanted, code = 'cluster/no-pod', message, hint }) => {
    const expected = { code, message, ...(hint === undefined ? {} : { hint }) };
    await expect(find(three(), wanted)).rejects.toMatchObject(expected);
  });

  it('knows a serial run only of a job that has one', async () => {
    await expect(find(clusterWith(), { block: 'baseline' })).rejects.toMatchObject({
      code: 'cluster/no-such-block',
    });
    const asking = { ...status, baseline: { mode: 'Measure', state: 'Pending' } } as const;
    const job = aDistillationJob({ status: asking });
    const { signal } = new AbortController();
    const wanted = { block: 'baseline', previous: false };
    await expect(findPod(clusterWith(), job, { wanted, signal })).rejects.toMatchObject({
      code: 'cluster/no-pod',
      message: 'Nothing of baseline has been started yet.',
    });
  });

  it('counts attempts of which nothing is left', async () => {
    await expect(find(clusterWith(), { block: 'conv_1' })).rejects.toMatchObject({
      message: 'The pod of attempt 3 at the block conv_1 is gone, and its log with it.',
      hint: expect.stringContaining('3 (nothing is left of it)') as string,
    });
  });

  it('says that one is yet to come', async () => {
    const cluster = clusterWith({ attempt: 3, blocks: 'conv_1', podless: true });
    await expect(find(cluster, { block: 'conv_1' })).rejects.toMatchObject({
      message: 'Attempt 3 at the block conv_1 has no pod yet.',
    });
  });

  it('knows that nothing comes before the first attempt', async () => {
    await expect(find(three(), { block: 'prepare', previous: true })).rejects.toMatchObject({
      message: 'There is none before the first attempt at prepare.',
    });
  });
});
