import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { distillationJobs, type DistillationJobObject } from '../chaos/objects.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoControlPlane } from '../cluster/control-plane.ts';
import { healthOf, type Health } from '../gitops/health.ts';
import { judge } from '../gitops/judge.ts';
import { whyNoJudge } from '../gitops/requirements.ts';
import { isOver, namespace, startOperatorWorld, type OperatorWorld } from './operator-world.ts';

const reason = (await whyNoControlPlane()) ?? (await whyNoJudge());

describe.skipIf(cannotRun('The life of jobs under GitOps', reason))('health over the life of a job', () => {
  const held = new AsyncDisposableStack();
  let world: OperatorWorld;

  beforeAll(async () => {
    world = held.use(await startOperatorWorld({ gpus: 40 }));
    held.use(await world.startOperator(['--worker-image', 'example.dev/worker:1']));
  });
  afterAll(async () => await held.disposeAsync());

  /** Every version of a job that the API server has had up to now, from its creation on. */
  async function versionsOf(created: DistillationJobObject): Promise<readonly DistillationJobObject[]> {
    const { name = '', resourceVersion = '' } = created.metadata;
    const { metadata } = await world.get(name);
    const versions = [created];
    const options = {
      namespace,
      fieldSelector: `metadata.name=${name}`,
      resourceVersion,
      timeoutSeconds: 60,
      silenceSeconds: 60,
      signal: AbortSignal.timeout(60_000),
    };
    for await (const event of world.client.watch(distillationJobs, options)) {
      if (event.type === 'BOOKMARK') continue;
      versions.push(event.object);
      if (event.object.metadata.resourceVersion === metadata.resourceVersion) break;
    }
    return versions;
  }

  /** What a tool said one after another. */
  async function wordsOf(
    created: DistillationJobObject,
  ): Promise<Readonly<Record<keyof Health, readonly string[]>>> {
    const healths = (await judge(await versionsOf(created))).map(healthOf);
    const said = (tool: keyof Health): readonly string[] =>
      healths.map((health) => health[tool]).filter((word, index, all) => word !== all[index - 1]);
    return {
      argo: said('argo'),
      kstatus: said('kstatus'),
      result: said('result'),
      accepted: said('accepted'),
    };
  }

  test('is good once the job is complete, and never before', async () => {
    const created = await world.create('plain');
    await world.until('plain', 'to end', isOver);
    expect(await wordsOf(created)).toEqual({
      argo: ['Progressing', 'Healthy'],
      kstatus: ['InProgress', 'Current'],
      result: ['InProgress', 'Current'],
      accepted: ['InProgress', 'Current'],
    });
  });

  test('follows a job that is suspended from the start, resumed, and suspended while it runs', async () => {
    const created = await world.create('paused', {
      spec: { suspend: true },
      parts: { 'unit-000': ['Waits'] },
    });
    await world.until('paused', 'to stand still', ({ phase }) => phase === 'Suspended');
    await world.edit('paused', { spec: { suspend: false } });
    await world.until('paused', 'to distill', ({ phase }) => phase === 'Distilling');
    await world.edit('paused', { spec: { suspend: true } });
    await world.until('paused', 'to stand still again', ({ phase }) => phase === 'Suspended');
    world.letGo('paused');
    await world.edit('paused', { spec: { suspend: false } });
    await world.until('paused', 'to end', isOver);
    const { argo, kstatus, result, accepted } = await wordsOf(created);
    expect(argo).toEqual(['Progressing', 'Suspended', 'Progressing', 'Suspended', 'Progressing', 'Healthy']);
    expect([kstatus, result]).toEqual([
      ['InProgress', 'Current'],
      ['InProgress', 'Current'],
    ]);
    // In progress again after each edit, until the operator has seen it.
    expect(accepted.at(-1)).toBe('Current');
    expect(accepted).not.toContain('Failed');
  });

  test('is bad after a failure, and goes on with another try', async () => {
    const created = await world.create('broken', {
      spec: { backoffLimit: 0 },
      parts: { 'unit-003': ['Fails'] },
    });
    await world.until('broken', 'to fail', isOver);
    await world.edit('broken', { spec: { retry: 1 } });
    await world.until('broken', 'to be complete', ({ phase }) => phase === 'Complete');
    const { argo, kstatus, result, accepted } = await wordsOf(created);
    expect(argo).toEqual(['Progressing', 'Degraded', 'Progressing', 'Healthy']);
    expect([kstatus, result]).toEqual([
      ['InProgress', 'Failed', 'InProgress', 'Current'],
      ['InProgress', 'Failed', 'InProgress', 'Current'],
    ]);
    expect(accepted).not.toContain('Failed');
  });

  test('stays good when what the job left is cleared away', async () => {
    const created = await world.create('tidy', { spec: { ttlSecondsAfterFinished: 1 } });
    await world.until('tidy', 'to end', isOver);
    await world.kubectl([
      'wait',
      '--for=delete',
      'jobs',
      '-l',
      'blockstill.dev/job-name=tidy',
      '-n',
      namespace,
      '--timeout=30s',
    ]);
    expect((await wordsOf(created)).argo).toEqual(['Progressing', 'Healthy']);
  });
});
