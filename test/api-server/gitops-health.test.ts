import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { distillationJobs, type DistillationJobObject } from '../../operator/cluster/kube-objects.ts';
import { at } from '../../operator/decide/builders.ts';
import { decide } from '../../operator/decide/decide.ts';
import type { Observed } from '../../operator/decide/observed.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import { manifestWith } from '../../crds/test-manifests.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import {
  complete,
  failed,
  healthOf,
  refused,
  suspended,
  unseen,
  working,
  type Health,
} from '../gitops/health.ts';
import {
  completeJob,
  failedJobs,
  suspendedJobs,
  troubledJobs,
  waitingJobs,
  workingJobs,
} from '../gitops/jobs-by-phase.ts';
import { judge, type Verdict } from '../gitops/judge.ts';
import { whyNoJudge } from '../gitops/requirements.ts';
import { openClient } from './open-client.ts';
import { useApiServer } from './use-api-server.ts';

const reason = (await whyNoTestServer()) ?? (await whyNoJudge());

describe.skipIf(cannotRun('Health by the tools of GitOps', reason))('the health of a job', () => {
  const server = useApiServer();
  const held = new AsyncDisposableStack();
  let client: KubeClient;
  let jobs = 0;

  beforeAll(() => {
    client = held.use(openClient(server().kubeconfig));
  });
  afterAll(async () => await held.disposeAsync());

  async function create(): Promise<DistillationJobObject> {
    jobs += 1;
    const manifest = manifestWith({
      'metadata.name': `job-${jobs}`,
      'metadata.namespace': server().namespace,
    });
    return await client.create(distillationJobs, manifest as DistillationJobObject);
  }

  /** Writes what the operator makes of what it sees, and gives what the API server then has. */
  async function decided(object: DistillationJobObject, observed: Observed): Promise<DistillationJobObject> {
    const { generation = 0 } = object.metadata;
    const { status } = decide({ ...observed, generation }, at(20));
    await client.updateStatus(distillationJobs, { ...object, status });
    return await get(object);
  }

  async function get({ metadata }: DistillationJobObject): Promise<DistillationJobObject> {
    const { name = '' } = metadata;
    const found = await client.get(distillationJobs, { namespace: server().namespace, name });
    if (found === undefined) throw new Error(`There is no job ${name}.`);
    return found;
  }

  async function edit({ metadata }: DistillationJobObject, body: object): Promise<void> {
    const place = { namespace: server().namespace, name: metadata.name ?? '' };
    await client.patch(distillationJobs, place, { patch: { type: 'Merge', body: { ...body } } });
  }

  async function verdictOf(object: DistillationJobObject): Promise<Verdict> {
    const [verdict] = await judge([object]);
    if (verdict === undefined) throw new Error('The judge said nothing.');
    return verdict;
  }

  /** A health, with the sentence that kubectl shows. */
  function says({ status }: DistillationJobObject, health: Health): Health & { sentence: string } {
    const { message } = status?.conditions?.find(({ type }) => type === 'Ready') ?? {};
    if (message === undefined || message === '') throw new Error('The operator says nothing of the job.');
    return { ...health, sentence: message };
  }

  /** What the tools say of a job, with Argo CD's sentence. */
  async function judged(object: DistillationJobObject): Promise<Health & { sentence: string | undefined }> {
    const verdict = await verdictOf(object);
    return { ...healthOf(verdict), sentence: verdict.argo.message };
  }

  test('is progressing before the operator has seen the job', async () => {
    const verdict = await verdictOf(await get(await create()));
    expect(healthOf(verdict)).toEqual(unseen);
    expect(verdict.argo.message).toContain('not yet looked at');
  });

  test.each(Object.entries(workingJobs))('is progressing in the phase %s', async (phase, observed) => {
    const object = await decided(await create(), observed);
    expect(object.status?.phase).toBe(phase);
    expect(await judged(object)).toEqual(says(object, working));
  });

  test.each(Object.entries(waitingJobs))(
    'is progressing while a job waits for %s, and never failed',
    async (why, observed) => {
      const object = await decided(await create(), observed);
      expect(object.status?.conditions?.find(({ type }) => type === 'Reconciling')?.reason).toBe(why);
      expect(await judged(object)).toEqual(says(object, working));
    },
  );

  test.each(Object.entries(troubledJobs))('is progressing for %s', async (_what, observed) => {
    const object = await decided(await create(), observed);
    expect(await judged(object)).toEqual(says(object, working));
  });

  test.each(Object.entries(suspendedJobs))(
    'is suspended for Argo CD, and in progress for others, once a job stands still %s',
    async (_when, observed) => {
      const object = await decided(await create(), observed);
      expect(await judged(object)).toEqual(says(object, suspended));
    },
  );

  test('is good only when the job is complete', async () => {
    const object = await decided(await create(), completeJob);
    expect(await judged(object)).toEqual(says(object, complete));
  });

  test.each(Object.entries(failedJobs))('is bad after %s', async (why, observed) => {
    const object = await decided(await create(), observed);
    expect(object.status?.conditions?.find(({ type }) => type === 'Failed')?.reason).toBe(why);
    expect(await judged(object)).toEqual(says(object, why === 'InvalidSpec' ? refused : failed));
  });

  test.each([
    ['complete', completeJob, complete],
    ['failed', failedJobs.UnitFailed, failed],
  ])(
    'is progressing for a %s job that was edited, until the operator has seen the edit',
    async (_how, observed, before) => {
      const object = await decided(await create(), observed);
      expect(await judged(object)).toEqual(says(object, before));
      await edit(object, { spec: { resources: { memory: '4Gi' } } });
      expect(healthOf(await verdictOf(await get(object)))).toEqual(unseen);
    },
  );

  test('is progressing while a job is being deleted, though it is complete', async () => {
    const created = await create();
    await edit(created, { metadata: { finalizers: ['example.dev/hold'] } });
    const object = await decided(await get(created), completeJob);
    expect(await judged(object)).toEqual(says(object, complete));
    const { name = '' } = object.metadata;
    await server().kubectl(['delete', 'distill', name, '--wait=false']);
    const { argo, kstatus } = await verdictOf(await get(object));
    expect([argo.status, kstatus.status]).toEqual(['Progressing', 'Terminating']);
    await edit(object, { metadata: { finalizers: null } });
  });

  test('is progressing when somebody has emptied the status', async () => {
    const object = await decided(await create(), completeJob);
    const patch = '[{"op":"replace","path":"/status","value":{}}]';
    const { name = '' } = object.metadata;
    await server().kubectl(['patch', 'distill', name, '--subresource=status', '--type=json', '-p', patch]);
    const { argo, flux } = await verdictOf(await get(object));
    expect([argo.status, flux.result.status, flux.accepted.status]).toEqual([
      'Progressing',
      'InProgress',
      'InProgress',
    ]);
  });
});
