import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { podStatus, aKubePod } from '../../operator/cluster/testing/children.ts';
import { aDistillationJob } from '../../operator/cluster/testing/distillation-jobs.ts';
import { useHttpMock } from '../../test/http.ts';
import { jobsPath, refusal, server, testCluster, testIo } from '../testing/test-cluster.ts';
import { logsCommand, type LogsCommand } from './logs.ts';

const nock = useHttpMock();
const command: LogsCommand = { name: 'mnist', block: 'prepare', follow: false, previous: false };
const pods = '/api/v1/namespaces/team/pods';
const name = 'mnist-p000-1-x7k2p';

/** The answers up to the pod that was found. */
function found(status: ReturnType<typeof podStatus.running>): void {
  nock(server).get(`${jobsPath}/mnist`).reply(200, aDistillationJob());
  const query = { labelSelector: 'blockstill.dev/job-uid=owner-uid', limit: '500' };
  nock(server).get('/apis/batch/v1/namespaces/team/jobs').query(query).reply(200, { items: [] });
  const pod = aKubePod({ stage: 'Prepare', status });
  nock(server)
    .get(pods)
    .query(query)
    .reply(200, { items: [pod] });
}

describe('logs', () => {
  it('prints what the worker wrote, as it is', async () => {
    found(podStatus.ended(1));
    const bytes = Buffer.from('Größe\n{no JSON');
    // Cut inside the ö.
    const parts = () => Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]);
    nock(server).get(`${pods}/${name}/log?container=worker`).reply(200, parts);
    await using cluster = testCluster();
    const io = testIo();
    expect(await logsCommand(command, cluster, io)).toBe(0);
    expect(io.written).toEqual({ out: 'Größe\n{no JSON', progress: '' });
  });

  it('goes on to the end of the container when asked to', async () => {
    found(podStatus.running());
    nock(server).get(`${pods}/${name}/log?container=worker&follow=true`).reply(200, 'all of it\n');
    await using cluster = testCluster();
    const io = testIo();
    expect(await logsCommand({ ...command, follow: true }, cluster, io)).toBe(0);
    expect(io.written.out).toBe('all of it\n');
  });

  it('says why there is none yet', async () => {
    found(podStatus.waiting('ErrImagePull', 'no such image'));
    await using cluster = testCluster();
    await expect(logsCommand(command, cluster, testIo())).rejects.toMatchObject({
      code: 'cluster/pod-not-started',
      message: 'The pod has not started yet. no such image.',
      where: name,
    });
  });

  it('waits for the container to start when told to follow it', async () => {
    found(podStatus.creating());
    const selection = { fieldSelector: `metadata.name=${name}` };
    const waiting = aKubePod({ stage: 'Prepare', status: podStatus.creating() });
    const running = aKubePod({ stage: 'Prepare', status: podStatus.running() });
    nock(server)
      .get(pods)
      .query({ ...selection, limit: '500' })
      .reply(200, { metadata: { resourceVersion: '5' }, items: [waiting] });
    const changed = { ...running, metadata: { ...running.metadata, resourceVersion: '6' } };
    nock(server)
      .get(pods)
      .query((query) => query['watch'] === 'true' && query['fieldSelector'] === selection.fieldSelector)
      .reply(200, `${JSON.stringify({ type: 'MODIFIED', object: changed })}\n`);
    nock(server).get(`${pods}/${name}/log?container=worker&follow=true`).reply(200, 'begun\n');
    await using cluster = testCluster();
    const io = testIo();
    await logsCommand({ ...command, follow: true }, cluster, io);
    expect(io.written).toEqual({
      out: 'begun\n',
      progress: `The pod has not started yet. Waiting for ${name} ...\n`,
    });
  });

  it("passes on the API server's words where it can't reach the node", async () => {
    found(podStatus.running());
    const refused = refusal(500, 'InternalError');
    nock(server).get(`${pods}/${name}/log?container=worker`).reply(500, refused);
    await using cluster = testCluster();
    await expect(logsCommand(command, cluster, testIo())).rejects.toMatchObject({
      code: 'cluster/api-error',
      where: `GET ${pods}/${name}/log`,
    });
  });
});
