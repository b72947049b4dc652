import { describe, expect, it } from 'vitest';
import { useHttpMock } from '../../test/http.ts';
import { jobsPath, refusal, server, testCluster } from '../testing/test-cluster.ts';
import { findJob } from './find-job.ts';

const nock = useHttpMock();
const everywhere = '/apis/blockstill.dev/v1alpha1/distillationjobs?limit=500';

function missing(name: string): void {
  nock(server)
    .get(`${jobsPath}/${name}`)
    .reply(404, refusal(404, 'NotFound', { name, kind: 'distillationjobs' }));
}

const listOf = (...places: string[]) => ({
  metadata: { resourceVersion: '1' },
  items: places.map((place) => {
    const [namespace, name] = place.split('/');
    return { metadata: { namespace, name } };
  }),
});

it('answers the job as it is', async () => {
  const job = { metadata: { name: 'mnist', namespace: 'team', uid: 'u' }, spec: { unknown: 1 } };
  nock(server).get(`${jobsPath}/mnist`).reply(200, job);
  await using cluster = testCluster();
  expect(await findJob(cluster, 'mnist')).toEqual(job);
});

describe('without a job of the name', () => {
  it.each([
    { of: 'a similar one', places: ['team/mnist', 'team/other'], hint: 'Did you mean mnist?' },
    { of: 'one elsewhere', places: ['lab/mnst', 'team/zzz'], hint: 'There is one in lab: say so with -n.' },
    { of: 'others', places: ['team/zz', 'team/yy', 'lab/vgg'], hint: 'There are yy, zz.' },
    { of: 'one other', places: ['team/zz'], hint: 'There is zz.' },
    {
      of: 'many others',
      places: ['g', 'f', 'e', 'd', 'c', 'b', 'a'].map((name) => `team/${name.repeat(9)}`),
      hint: 'There are aaaaaaaaa, bbbbbbbbb, ccccccccc, ddddddddd, eeeeeeeee and 2 more.',
    },
    {
      of: 'none',
      places: ['lab/vgg'],
      hint: 'That namespace has none; kubectl blockstill list -A shows all.',
    },
  ])('says that there is $of', async ({ places, hint }) => {
    missing('mnst');
    nock(server)
      .get(everywhere)
      .reply(200, listOf(...places));
    await using cluster = testCluster();
    await expect(findJob(cluster, 'mnst', { alsoSay: 'Or a file.' })).rejects.toMatchObject({
      code: 'cluster/no-such-job',
      message: 'There is no DistillationJob "mnst" in the namespace team.',
      hint: `${hint} Or a file.`,
    });
  });

  it('looks in the namespace only where the user may not look elsewhere', async () => {
    missing('mnst');
    nock(server).get(everywhere).reply(403, refusal(403, 'Forbidden'));
    nock(server).get(`${jobsPath}?limit=500`).reply(200, listOf('team/mnist'));
    await using cluster = testCluster();
    await expect(findJob(cluster, 'mnst')).rejects.toMatchObject({ hint: 'Did you mean mnist?' });
  });
});
