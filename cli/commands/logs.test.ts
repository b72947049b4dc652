import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { podStatus, aKubePod } from '../../operator/cluster/testing/children.ts';
import { aDistillationJob } from '../../operator/cluster/testing/distillation-jobs.ts';
import { ConnectionError } from '../../operator/kube/connection-error.ts';
import type { KubeClient } from '../../operator/kube/client.ts';
import type { Resource } from '../../operator/kube/resource.ts';
import { useHttpMock } from '../../test/http.ts';
import { jobsPath, refusal, server, testCluster, testIo } from '../testing/test-cluster.ts';
import { logsCommand, type LogsCommand } from './logs.ts';

const nock = useHttpMock();
// The ö is the third and fourth byte.
const bytes = Buffer.from('Größe\n');
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

/** A client whose pod has this log. */
function clientWith(stream: AsyncIterable<Uint8Array>): KubeClient {
  const client = {
    get: async () => await Promise.resolve(aDistillationJob()),
    list: async ({ plural }: Resource) => {
      const items = plural === 'pods' ? [aKubePod({ stage: 'Prepare', status: podStatus.ended(0) })] : [];
      return await Promise.resolve({ items, resourceVersion: '1' });
    },
    stream: async () => await Promise.resolve(stream),
  };
  return client as unknown as KubeClient;
}

describe('logs', () => {
  it('prints what the worker wrote, as it is', async () => {
    found(podStatus.ended(1));
    nock(server).get(`${pods}/${name}/log?container=worker`).reply(200, 'first\n{no JSON');
    await using cluster = testCluster();
    const io = testIo();
    expect(await logsCommand(command, cluster, io)).toBe(0);
    expect(io.written).toEqual({ out: 'first\n{no JSON', progress: '' });
  });

  it('puts a character together that comes in two parts', async () => {
    const stream = Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]);
    const io = testIo();
    await using cluster = testCluster();
    await logsCommand(command, { ...cluster, client: clientWith(stream) }, io);
    expect(io.written.out).toBe('Größe\n');
  });

  it('says that it broke off, after what came', async () => {
    const stream = (async function* () {
      yield await Promise.resolve(bytes);
      throw new ConnectionError('GET', new Error('other side closed'));
    })();
    const io = testIo();
    await using cluster = testCluster();
    const shown = logsCommand(command, { ...cluster, client: clientWith(stream) }, io);
    await expect(shown).rejects.toMatchObject({ code: 'cluster/log-broken', where: name });
    expect(io.written.out).toBe('Größe\n');
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
