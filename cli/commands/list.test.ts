import { describe, expect, it } from 'vitest';
import { distillationJobs } from '../../operator/cluster/kube-objects.ts';
import { aDistillationJob } from '../../operator/cluster/testing/distillation-jobs.ts';
import { FakeCluster } from '../../operator/cluster/testing/fake-cluster.ts';
import { FakeClock } from '../../operator/kube/testing/fake-clock.ts';
import { testIo } from '../testing/test-cluster.ts';
import { listCommand, type ListCommand } from './list.ts';

const jobs = [
  aDistillationJob({
    metadata: { name: 'vgg', namespace: 'lab', creationTimestamp: '2026-03-01T11:59:18Z' },
  }),
  aDistillationJob({
    metadata: { name: 'mnist', namespace: 'team', creationTimestamp: '2026-03-01T08:50:00Z' },
    status: {
      phase: 'Distilling',
      summary: { blocks: '7/13', speedup: '3.1x est.', energy: '0.41 kWh', accuracy: '98.0%' },
    },
  }),
  aDistillationJob({
    metadata: { name: 'alexnet', namespace: 'team', creationTimestamp: '2026-02-26T12:00:00Z' },
  }),
];

async function run(given: readonly (typeof jobs)[number][], change: Partial<ListCommand> = {}) {
  const client = new FakeCluster();
  for (const job of given) client.put(distillationJobs, job);
  const io = testIo();
  const cluster = { client, namespace: 'team', clock: new FakeClock() };
  const code = await listCommand({ allNamespaces: false, output: 'text', ...change }, cluster, io);
  return { code, ...io.written };
}

describe('list', () => {
  it('shows the columns of kubectl get, by name', async () => {
    const { code, out } = await run(jobs.slice(1));
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual([
      'NAME     PHASE       BLOCKS  SPEEDUP    ENERGY    ACCURACY  AGE',
      'alexnet                                                     3d',
      'mnist    Distilling  7/13    3.1x est.  0.41 kWh  98.0%     3h10m',
      '',
    ]);
  });

  it('says where the jobs are when it shows those of all namespaces', async () => {
    const { out } = await run(jobs, { allNamespaces: true });
    expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ['NAMESPACE', 'NAME'],
      ['lab', 'vgg'],
      ['team', 'alexnet'],
      ['team', 'mnist'],
      [''],
    ]);
  });

  it('gives a program the statuses too', async () => {
    const { out } = await run(jobs.slice(1), { output: 'json' });
    expect(JSON.parse(out)).toEqual([
      { namespace: 'team', name: 'alexnet', creationTimestamp: '2026-02-26T12:00:00Z' },
      {
        namespace: 'team',
        name: 'mnist',
        creationTimestamp: '2026-03-01T08:50:00Z',
        status: jobs[1]?.status,
      },
    ]);
  });

  it('says that there are none, beside what a program reads', async () => {
    expect(await run([])).toEqual({
      code: 0,
      out: '',
      progress: 'There are no DistillationJobs in the namespace team.\n',
    });
    expect((await run([], { output: 'json' })).out).toBe('[]\n');
  });
});
