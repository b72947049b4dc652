import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../operator/kube/clock.ts';
import { labels } from '../../operator/cluster/names.ts';
import { decodeUnitMessage } from '../../worker/contract/unit-message.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { startControlPlane, whyNoControlPlane, type ControlPlane } from '../cluster/control-plane.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { handMadeJob, type HandMade } from './hand-made-job.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import { connect, jobs, pods, type JobObject, type PodObject } from './objects.ts';
import { PodSimulator } from './pod-simulator.ts';
import { PretendWorker } from './pretend-worker.ts';

const blocks = ['conv1', 'conv2', 'conv3', 'conv4', 'conv5'];

describe.skipIf(cannotRun('The simulator of pods', await whyNoControlPlane()))('pretend pods', () => {
  const held = new AsyncDisposableStack();
  let controlPlane: ControlPlane;
  let client: ReturnType<typeof connect>['client'];
  let worker: PretendWorker;
  let simulator: PodSimulator;
  const plans = new Map<string, readonly (Misbehaviour | undefined)[]>();
  let count = 0;

  beforeAll(async () => {
    controlPlane = held.use(await startControlPlane());
    await controlPlane.createNamespace('test');
    ({ client } = held.use(connect(controlPlane.kubeconfig, 'test')));
    worker = new PretendWorker({ clock: systemClock, seed: 1, blocks, trainingSeconds: [0.05, 0.1] });
    simulator = held.use(
      await PodSimulator.start({
        client,
        worker,
        gpus: 2,
        pullSeconds: 0.1,
        script: ({ jobName }, nthPod) => plans.get(jobName)?.[nthPod - 1],
      }),
    );
  });
  afterAll(async () => await held.disposeAsync());

  /** Creates a distill Job whose pods do this, one after another, and then their work. */
  async function create(
    script: readonly (Misbehaviour | undefined)[],
    options: Partial<HandMade> = {},
  ): Promise<{ name: string; uid: string }> {
    count += 1;
    const [job, uid] = [`job-${count}`, `00000000-0000-0000-0000-${String(count).padStart(12, '0')}`];
    plans.set(job, script);
    const object = handMadeJob({ namespace: 'test', job, uid, stage: 'Distill', ...options });
    await client.create(jobs, object);
    return { name: object.metadata.name ?? '', uid };
  }

  async function ending(name: string): Promise<{ job: JobObject; type: string }> {
    return await waitFor(`the end of ${name}`, async () => {
      const job = await client.get(jobs, { namespace: 'test', name });
      const condition = job?.status?.conditions?.find(
        ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
      );
      return job === undefined || condition === undefined ? undefined : { job, type: condition.type };
    });
  }

  async function podsOf(uid: string): Promise<PodObject[]> {
    return (await client.list(pods, { namespace: 'test', labelSelector: `${labels.jobUid}=${uid}` })).items;
  }

  const wordsOf = (pod: PodObject | undefined): { exitCode?: number; reason?: string; message?: string } => {
    const [container] = (pod?.status?.containerStatuses ?? []) as { state: { terminated?: object } }[];
    return container?.state.terminated ?? {};
  };

  const runsOf = (uid: string) => worker.ledger.filter(({ jobUid }) => jobUid === uid);

  test('train a unit and say so as a worker does', async () => {
    const { name, uid } = await create([]);
    const { job, type } = await ending(name);
    expect([type, job.status?.succeeded]).toEqual(['Complete', 1]);
    const [pod] = await podsOf(uid);
    expect(pod?.spec.nodeName).toBe('pretend-node');
    const message = decodeUnitMessage(wordsOf(pod).message ?? '', ['conv1']);
    expect(message?.facts).toMatchObject({ jobUid: uid, unit: 'unit-000', attempt: pod?.metadata.uid });
    expect(runsOf(uid).map(({ outcome }) => outcome)).toEqual(['Committed']);
  });

  test('repeat what is committed without training it again', async () => {
    const first = await create([]);
    await ending(first.name);
    const uid = first.uid;
    const again = handMadeJob({ namespace: 'test', job: 'again', uid, stage: 'Distill', attempt: 2 });
    await client.create(jobs, again);
    expect((await ending(again.metadata.name ?? '')).type).toBe('Complete');
    const said = (await podsOf(uid)).map((pod) => decodeUnitMessage(wordsOf(pod).message ?? '', ['conv1']));
    expect(said).toHaveLength(2);
    expect(said[0]?.reference).toEqual(said[1]?.reference);
    expect(runsOf(uid)).toHaveLength(1);
  });

  test('bring a plan of five blocks from prepare, and a student from finetune', async () => {
    const prepare = await create([], { stage: 'Prepare' });
    await ending(prepare.name);
    const plan = decodeUnitMessage(wordsOf((await podsOf(prepare.uid))[0]).message ?? '', []);
    if (plan?.stage !== 'Prepare') throw new Error('no plan');
    expect(plan.plan.blocks.map((block) => block.name)).toEqual(blocks);
    const finetune = await create([], { stage: 'Finetune' });
    await ending(finetune.name);
    const student = decodeUnitMessage(wordsOf((await podsOf(finetune.uid))[0]).message ?? '', blocks);
    expect(student?.facts).toMatchObject({ stage: 'Finetune', accepted: true });
  });

  test('have no more GPUs than there are', async () => {
    const all = await Promise.all([1, 2, 3, 4, 5].map(async () => await create([])));
    await Promise.all(all.map(async ({ name }) => await ending(name)));
    const runs = all.flatMap(({ uid }) => runsOf(uid));
    const running = runs.map(
      ({ start }) => runs.filter((other) => other.start <= start && start < (other.end ?? start)).length,
    );
    expect(Math.max(...running)).toBeLessThanOrEqual(2);
  });

  const hasWords = (pod: PodObject, words: object): number =>
    'exitCode' in words && wordsOf(pod).exitCode === words.exitCode ? 1 : 0;

  // The Job's controller waits 10 s before it replaces a pod.
  describe.concurrent('at the same time', () => {
    test.each<[Misbehaviour, object, string]>([
      ['Fails', { exitCode: 1, message: 'Something broke.' }, 'Complete'],
      ['InvalidInput', { exitCode: 64 }, 'Failed'],
      ['OutOfMemory', { exitCode: 137, reason: 'OOMKilled' }, 'Complete'],
      ['Interrupted', { exitCode: 75 }, 'Complete'],
    ])('end in the way of %s', async (misbehaviour, words, end) => {
      const { name, uid } = await create([misbehaviour]);
      expect((await ending(name)).type).toBe(end);
      const first = (await podsOf(uid)).toSorted((a, b) => hasWords(b, words) - hasWords(a, words))[0];
      expect(wordsOf(first)).toMatchObject(words);
    });

    test('are evicted, which the Job does not count', async () => {
      const { name, uid } = await create(['Evicted']);
      const { job } = await ending(name);
      expect(job.status).toMatchObject({ succeeded: 1 });
      const evicted = (await podsOf(uid)).find(({ status }) => status?.reason === 'Evicted');
      expect(evicted?.status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'DisruptionTarget', status: 'True' }),
      );
    });

    test('are preempted, and go on from their checkpoint', async () => {
      const { name, uid } = await create(['Preempted']);
      expect((await ending(name)).type).toBe('Complete');
      expect(runsOf(uid).at(-1)?.outcome).toBe('Committed');
      expect(runsOf(uid).filter(({ outcome }) => outcome === 'Committed')).toHaveLength(1);
    });

    test('are refused by the kubelet without a container', async () => {
      const { name, uid } = await create(['AdmissionError']);
      expect((await ending(name)).type).toBe('Complete');
      const refused = (await podsOf(uid)).find(({ status }) => status?.reason === 'UnexpectedAdmissionError');
      expect(refused?.status).toMatchObject({ phase: 'Failed' });
      expect(refused?.status?.containerStatuses).toBeUndefined();
    });

    test('are deleted right after success, which their Job remembers', async () => {
      const { name, uid } = await create(['DeletedAfterSuccess']);
      expect((await ending(name)).job.status?.succeeded).toBe(1);
      await waitFor('the pod to go', async () => ((await podsOf(uid)).length === 0 ? true : undefined));
    });

    test('lose their message', async () => {
      const { name, uid } = await create(['MessageLost']);
      expect((await ending(name)).type).toBe('Complete');
      const words = wordsOf((await podsOf(uid))[0]);
      expect(words).toMatchObject({ exitCode: 0 });
      expect(words).not.toHaveProperty('message');
    });

    test('wait for their image', async () => {
      const { name, uid } = await create(['ImagePullBackOff']);
      await waitFor('the back-off', async () =>
        JSON.stringify(await podsOf(uid)).includes('ImagePullBackOff') ? true : undefined,
      );
      expect((await ending(name)).type).toBe('Complete');
    });
  });

  test('stay Terminating on a node that is gone until that is known', async () => {
    const { name, uid } = await create(['NodeGone']);
    await waitFor('the deletion', async () =>
      (await podsOf(uid)).some(({ metadata }) => metadata.deletionTimestamp !== undefined) ? true : undefined,
    );
    expect((await podsOf(uid)).map(({ status }) => status?.phase)).toEqual(['Running']);
    expect(runsOf(uid)).toEqual([]);
    simulator.removeGoneNodes();
    expect((await ending(name)).type).toBe('Complete');
  });

  test('go when they are told to, and when their Job is deleted', async () => {
    const { name, uid } = await create([], { gpus: 2 });
    const blocked = await create([], { gpus: 2 });
    await waitFor('the first pod', async () => ((await podsOf(uid)).length > 0 ? true : undefined));
    await client.delete(jobs, { namespace: 'test', name }, { propagation: 'Foreground' });
    await waitFor('the Job to go', async () =>
      (await client.get(jobs, { namespace: 'test', name })) === undefined ? true : undefined,
    );
    expect(await podsOf(uid)).toEqual([]);
    expect((await ending(blocked.name)).type).toBe('Complete');
  });

  test('live on when the API server is killed and started again', async () => {
    const { name, uid } = await create([]);
    await controlPlane.apiServer.stop();
    await controlPlane.apiServer.start();
    expect((await ending(name)).type).toBe('Complete');
    // The Job's controller may have made a second pod because it never heard of the first; none ran twice.
    const runs = runsOf(uid);
    expect(new Set(runs.map(({ podUid }) => podUid)).size).toBe(runs.length);
    expect(runs.at(0)?.outcome).toBe('Committed');
  });
});
