import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoHelm } from '../chart/requirements.ts';
import { cannotRun } from './cannot-run.ts';
import {
  patienceSeconds,
  repositories,
  startChartCluster,
  versions,
  type ChartCluster,
} from './chart-cluster.ts';
import { documentedCommands } from './documented-commands.ts';
import { imageOf, LongJobs, type Pod } from './long-jobs.ts';
import { whyNoCluster } from './requirements.ts';
import { waitFor } from './wait-for.ts';

const namespace = 'blockstill-system';
const lab = 'lab';
const reason = (await whyNoCluster()) ?? (await whyNoHelm());
const page = await documentedCommands('docs/install.md');

const uidsOf = (pods: readonly Pod[]): readonly string[] => pods.map(({ metadata }) => metadata.uid);

/**
 * The pods of before are there, and none has failed or is to go. Whether the block is still trained depends on how long
 * the operator's pods took: its pod is judged by its end, when the job is over.
 */
function expectLeftAlone(now: readonly Pod[], before: readonly Pod[]): void {
  expect(uidsOf(now)).toEqual(expect.arrayContaining([...uidsOf(before)]));
  const states = now.map(({ status, metadata }) => ({
    phase: status.phase,
    ends: metadata.deletionTimestamp,
  }));
  expect(states).not.toContainEqual(expect.objectContaining({ phase: 'Failed' }));
  expect(states.filter(({ ends }) => ends !== undefined)).toEqual([]);
}

describe.skipIf(cannotRun('The chart on a cluster', reason))('the chart on a cluster', () => {
  let cluster: ChartCluster;
  let jobs: LongJobs;
  /** The pods of a job when it was between two blocks. */
  const earlier: Record<'older' | 'newer', readonly Pod[]> = { older: [], newer: [] };

  beforeAll(async () => {
    cluster = await startChartCluster([namespace, lab]);
    jobs = new LongJobs(cluster, lab);
  }, 600_000);
  afterAll(async () => await cluster?.[Symbol.asyncDispose]());

  async function helmTest(): Promise<string> {
    return await cluster.run(`${page.take('helm test')} --timeout=${patienceSeconds + 60}s`);
  }

  async function operatorImages(): Promise<ReadonlySet<string>> {
    const chosen = ['-n', namespace, '-l', 'app.kubernetes.io/name=blockstill-operator'];
    const { items } = await cluster.read<{ items: Pod[] }>('get', 'pods', ...chosen);
    return new Set(items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(imageOf));
  }

  test('is installed in a restricted namespace, and its test distills a small network', async () => {
    await cluster.run(page.take('helm install'), cluster.previousChart);
    await cluster.run(page.take('kubectl --namespace blockstill-system rollout status'));
    expect(await operatorImages()).toEqual(new Set([`${repositories.operator}:${versions.previous}`]));
    const said = await helmTest();
    expect(said).toMatch(/^blockstill-test: complete\. The student has 2 of 2 blocks replaced/m);
    expect(said).toMatch(/^ {2}teacher +9\d\.\d\d%/m);
  }, 700_000);

  test('leaves room in the Secret of its release, which may have a megabyte', async () => {
    const chosen = ['-n', namespace, '-l', 'owner=helm'];
    const { items } = await cluster.read<{ items: { data: { release: string } }[] }>(
      'get',
      'secrets',
      ...chosen,
    );
    expect(items).toHaveLength(1);
    expect(items[0]?.data.release.length).toBeLessThan(400_000);
  });

  test('is upgraded to another image of workers while a block is trained, which goes on', async () => {
    await jobs.create('older');
    earlier.older = await jobs.betweenBlocks('older');
    await cluster.run(page.take('helm upgrade'));
    expect(await operatorImages()).toEqual(new Set([`${repositories.operator}:${versions.current}`]));
    expectLeftAlone(await jobs.pods('older'), earlier.older);
  }, 700_000);

  test('is rolled back while a block of a newer job is trained: both jobs end as if nothing had happened', async () => {
    await jobs.create('newer');
    earlier.newer = await jobs.betweenBlocks('newer');
    await cluster.run(page.take('helm rollback'));
    expect(await operatorImages()).toEqual(new Set([`${repositories.operator}:${versions.previous}`]));
    expectLeftAlone(await jobs.pods('newer'), earlier.newer);
    for (const [name, version] of [
      ['older', versions.previous],
      ['newer', versions.current],
    ] as const) {
      const { podUids, ...history } = await jobs.history(name);
      expect(history, name).toEqual({
        phase: 'Complete',
        attempts: { prepare: 1, finetune: 1 },
        blocks: ['Kept 0', 'Distilled 1', 'Distilled 1'],
        images: [`${repositories.worker}:${version}`],
        podPhases: ['Succeeded'],
      });
      // One each for prepare, for two blocks and for finetune.
      expect(podUids, name).toHaveLength(4);
      expect(podUids, name).toEqual(expect.arrayContaining([...uidsOf(earlier[name])]));
    }
  }, 1_200_000);

  test('is uninstalled and leaves jobs with their results, which another installation takes on', async () => {
    const before = await jobs.all();
    expect(before).toHaveLength(2);
    await cluster.run(page.take('helm uninstall'));
    expect(await operatorImages()).toEqual(new Set());
    expect(await jobs.all()).toEqual(before);
    await cluster.run(page.take('helm install'));
    // A job of another namespace that is run to its end shows that the operator has seen these, too.
    expect(await helmTest()).toMatch(/^blockstill-test: complete\./m);
    expect(await jobs.all()).toEqual(before);
    expect(await jobs.pods('older')).toHaveLength(4);
    expect(await jobs.pods('newer')).toHaveLength(4);
  }, 700_000);

  test('has a test that fails with its job, says why, and leaves the job to be looked at', async () => {
    const upgrade = `${page.take('helm upgrade')} --set worker.image.repository=`;
    await cluster.run(upgrade);
    await expect(helmTest()).rejects.toThrow(
      /pod blockstill-test failed[^]*blockstill-test: failed\. .*spec\.pod\.image/,
    );
    expect(await cluster.ask('get', 'distill', '-n', namespace, '-o', 'name')).toContain('/blockstill-test');
  }, 700_000);

  test('goes without a trace when that is asked for', async () => {
    await cluster.run(page.take('kubectl --namespace blockstill-system delete'));
    await cluster.run(page.take('helm uninstall'));
    await cluster.run(page.take('kubectl delete distillationjobs'));
    await cluster.run(page.take('kubectl delete customresourcedefinition'));
    const kinds = 'pods,configmaps,pvc,serviceaccounts,roles,rolebindings,secrets,services,deployments,pdb';
    // Helm waits for the Deployment, not for its pods to have ended.
    await waitFor('everything of the chart to be gone', async () => {
      const names = await cluster.ask('get', kinds, '-n', namespace, '-o', 'name');
      return names.includes('blockstill') ? undefined : names;
    });
    const clusterWide = await cluster.ask('get', 'clusterroles,clusterrolebindings,crds', '-o', 'name');
    expect(clusterWide).not.toContain('blockstill');
  }, 700_000);

  test('is documented by commands that have all been run here', () => {
    expect(page.unused()).toEqual([]);
  });
});
