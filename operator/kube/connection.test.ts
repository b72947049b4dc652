import { access, chmod, mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { connect as connectTo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { KubeClient } from './client.ts';
import { Connection } from './connection.ts';
import { loadKubeConfig } from './kube-config.ts';
import { answer, startApiServer } from './testing/api-server.ts';
import { makeCertificates } from './testing/certificates.ts';
import { nodes } from './testing/resources.ts';

const temporaryFolder = async () => await mkdtempDisposable(join(tmpdir(), 'blockstill-kube-'));

const certificates = await makeCertificates();
const { signal } = new AbortController();

const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Entry {
  readonly server?: string;
  readonly cluster?: object;
  readonly user?: object;
}

function kubeconfig({ server = 'https://cluster.test', cluster = {}, user = {} }: Entry): string {
  return JSON.stringify({
    'current-context': 'one',
    contexts: [{ name: 'one', context: { cluster: 'cluster', user: 'user', namespace: 'lab' } }],
    clusters: [{ name: 'cluster', cluster: { server, ...cluster } }],
    users: [{ name: 'user', user }],
  });
}

/** A connection out of a kubeconfig in a folder. */
async function connect(folder: string, entry: Entry): Promise<Connection> {
  const path = join(folder, 'config');
  await writeFile(path, kubeconfig(entry));
  return new Connection(() => loadKubeConfig({ environment: { KUBECONFIG: path } }));
}

const insecure = { server: 'http://127.0.0.1:1', cluster: { 'insecure-skip-tls-verify': true } };

describe('the credentials of a request', () => {
  it('are the token or the password of the kubeconfig, and whom it stands in for', async () => {
    await using folder = await temporaryFolder();
    await using token = await connect(folder.path, { user: { token: 'secret', as: 'somebody' } });
    expect((await token.access(signal)).headers).toEqual({
      authorization: 'Bearer secret',
      'impersonate-user': 'somebody',
    });
    await using password = await connect(folder.path, { user: { username: 'me', password: 'pass' } });
    // printf me:pass | base64
    expect((await password.access(signal)).headers).toEqual({ authorization: 'Basic bWU6cGFzcw==' });
  });

  it('are read again from the token file when they were refused', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'token'), 'first\n');
    const seen: (string | undefined)[] = [];
    await using api = await startApiServer((request, response) => {
      seen.push(request.headers.authorization);
      const known = request.headers.authorization === 'Bearer second';
      answer(response, known ? 200 : 401, known ? { metadata: {} } : { kind: 'Status' });
    });
    const entry = { ...insecure, server: api.origin, user: { tokenFile: 'token' } };
    await using connection = await connect(folder.path, entry);
    const client = new KubeClient({ connection, fieldManager: 'blockstill' });
    await expect(client.get(nodes, { name: 'n' })).rejects.toMatchObject({ code: 'cluster/unauthorized' });
    await writeFile(join(folder.path, 'token'), 'second\n');
    await client.get(nodes, { name: 'n' });
    expect(seen).toEqual(['Bearer first', 'Bearer first', 'Bearer first', 'Bearer second']);
  });

  it('come from a plugin, which runs once for all that ask at once', async () => {
    await using folder = await temporaryFolder();
    const plugin = join(folder.path, 'plugin');
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential' };
    const script = `#!/bin/sh
echo "$KUBERNETES_EXEC_INFO $1 $MORE" >> "${folder.path}/calls"
echo '${JSON.stringify({ ...credential, status: { token: 'from-plugin' } })}'
`;
    await writeFile(plugin, script);
    await chmod(plugin, 0o755);
    const exec = {
      apiVersion: credential.apiVersion,
      command: './plugin',
      args: ['get-token'],
      env: [{ name: 'MORE', value: 'more' }],
    };
    await using connection = await connect(folder.path, { user: { exec } });
    const all = await Promise.all([
      connection.access(signal),
      connection.access(signal),
      connection.access(signal),
    ]);
    for (const { headers } of all) expect(headers).toEqual({ authorization: 'Bearer from-plugin' });
    const info = { kind: 'ExecCredential', apiVersion: credential.apiVersion, spec: { interactive: false } };
    expect(await readFile(join(folder.path, 'calls'), 'utf8')).toBe(
      `${JSON.stringify(info)} get-token more\n`,
    );
  });

  it('are asked for anew when a plugin hung', async () => {
    await using folder = await temporaryFolder();
    const script = `if mkdir ${folder.path}/hung; then cat; else echo '{"status":{"token":"at-last"}}'; fi`;
    const exec = { apiVersion: 'v1', command: 'sh', args: ['-c', script] };
    await using connection = await connect(folder.path, { user: { exec } });
    const controller = new AbortController();
    const hanging = connection.access(controller.signal).catch((error: unknown) => error);
    const reason = new Error('too long');
    await vi.waitFor(async () => await access(join(folder.path, 'hung')), { interval: 5, timeout: 10_000 });
    controller.abort(reason);
    expect(await hanging).toBe(reason);
    expect((await connection.access(signal)).headers).toEqual({ authorization: 'Bearer at-last' });
  });

  it('are missing when the plugin fails, and what it said is in the error', async () => {
    await using folder = await temporaryFolder();
    const exec = { apiVersion: 'v1', command: 'sh', args: ['-c', 'echo not logged in >&2; exit 1'] };
    await using connection = await connect(folder.path, { user: { exec } });
    await expect(connection.access(signal)).rejects.toMatchObject({
      code: 'cluster/no-credentials',
      message: 'There are no credentials for the cluster: not logged in',
    });
  });
});

describe('a connection by TLS', () => {
  const serverTls = {
    cert: certificates.server.certificate,
    key: certificates.server.key,
    ca: certificates.authority,
    requestCert: true,
  };
  const clientTls = (who: { readonly certificate: string; readonly key: string }) => ({
    'client-certificate-data': base64(who.certificate),
    'client-key-data': base64(who.key),
  });
  const authority = (text: string) => ({ cluster: { 'certificate-authority-data': base64(text) } });

  it('shows its certificate, and another one as soon as there is one', async () => {
    await using folder = await temporaryFolder();
    await using api = await startApiServer((request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      answer(response, 200, { metadata: { name: subject.CN } });
    }, serverTls);
    const write = async (who: { readonly certificate: string; readonly key: string }) => {
      await writeFile(join(folder.path, 'crt'), who.certificate);
      await writeFile(join(folder.path, 'key'), who.key);
    };
    await write(certificates.client);
    const user = { 'client-certificate': 'crt', 'client-key': 'key' };
    const entry = { server: api.origin, user, ...authority(certificates.authority) };
    await using connection = await connect(folder.path, entry);
    const client = new KubeClient({ connection, fieldManager: 'blockstill' });
    const subject = async () => (await client.get(nodes, { name: 'n' }))?.metadata.name;
    const { dispatcher } = await connection.access(signal);
    expect(await subject()).toBe('client');
    expect((await connection.access(signal)).dispatcher).toBe(dispatcher);
    await write(certificates.renewed);
    expect(await subject()).toBe('renewed');
  });

  it('is not made with a server that another authority vouches for', async () => {
    await using folder = await temporaryFolder();
    await using api = await startApiServer((_request, response) => answer(response, 200, {}), serverTls);
    const user = clientTls(certificates.client);
    await using connection = await connect(folder.path, {
      server: api.origin,
      user,
      ...authority(certificates.otherAuthority),
    });
    const client = new KubeClient({ connection, fieldManager: 'blockstill' });
    await expect(client.get(nodes, { name: 'n' })).rejects.toMatchObject({ code: 'cluster/untrusted' });
  });

  it('is made through a proxy', async () => {
    await using folder = await temporaryFolder();
    await using api = await startApiServer((_request, response) => {
      answer(response, 200, { metadata: { name: 'n' } });
    }, serverTls);
    const asked: (string | undefined)[] = [];
    await using proxy = await startApiServer(
      () => undefined,
      undefined,
      (request, socket) => {
        asked.push(request.url);
        const through = connectTo(Number(new URL(api.origin).port), '127.0.0.1', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          through.pipe(socket).pipe(through);
        });
      },
    );
    await using connection = await connect(folder.path, {
      server: api.origin,
      user: clientTls(certificates.client),
      cluster: { ...authority(certificates.authority).cluster, 'proxy-url': proxy.origin },
    });
    const client = new KubeClient({ connection, fieldManager: 'blockstill' });
    expect(await client.get(nodes, { name: 'n' })).toEqual({ metadata: { name: 'n' } });
    expect(asked).toEqual([new URL(api.origin).host]);
  });

  it('is demanded, unless it is said that it may be done without', async () => {
    await using folder = await temporaryFolder();
    await expect(connect(folder.path, { server: 'http://cluster.test' })).rejects.toMatchObject({
      code: 'cluster/invalid-configuration',
      hint: expect.stringContaining('insecure-skip-tls-verify') as string,
    });
    await using connection = await connect(folder.path, insecure);
    expect(connection.namespace).toBe('lab');
  });
});

describe('the configuration', () => {
  it('is that of the service account inside a pod', async () => {
    await using folder = await temporaryFolder();
    const account = join(folder.path, 'var/run/secrets/kubernetes.io/serviceaccount');
    await mkdir(account, { recursive: true });
    await writeFile(join(account, 'token'), 'of-the-pod');
    await writeFile(join(account, 'namespace'), 'own');
    await writeFile(join(account, 'ca.crt'), certificates.authority);
    const environment = {
      KUBERNETES_SERVICE_HOST: 'fd00::1',
      KUBERNETES_SERVICE_PORT: '443',
      HOME: '/nowhere',
    };
    await using connection = new Connection(() => loadKubeConfig({ environment, rootFolder: folder.path }));
    expect(connection.origin).toBe('https://[fd00::1]');
    expect(connection.namespace).toBe('own');
    expect((await connection.access(signal)).headers).toEqual({ authorization: 'Bearer of-the-pod' });
  });

  it('is merged from several files: the first that says something wins, a missing one is passed over', async () => {
    await using folder = await temporaryFolder();
    const [first, second] = [join(folder.path, 'first'), join(folder.path, 'second')];
    await writeFile(first, JSON.stringify({ users: [{ name: 'user', user: { token: 'first' } }] }));
    await writeFile(second, kubeconfig({ user: { token: 'second' } }));
    const environment = { KUBECONFIG: [join(folder.path, 'none'), first, second].join(':') };
    await using connection = new Connection(() => loadKubeConfig({ environment }));
    expect(connection.origin).toBe('https://cluster.test');
    expect((await connection.access(signal)).headers).toEqual({ authorization: 'Bearer first' });
  });

  it.each([
    ['there is none', undefined, {}, 'cluster/no-configuration'],
    ['it is no YAML', '{', {}, 'cluster/invalid-configuration'],
    ['it is of another kind', '[]', {}, 'cluster/invalid-configuration'],
    [
      'it lacks a server',
      '{"clusters": [{"name": "a", "cluster": {}}]}',
      {},
      'cluster/invalid-configuration',
    ],
    ['it has no such context', kubeconfig({}), { context: 'two' }, 'cluster/invalid-configuration'],
    ['its server is no address', kubeconfig({ server: 'cluster' }), {}, 'cluster/invalid-configuration'],
  ])('is refused when %s', async (_when, text, options, code) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'config');
    if (text !== undefined) await writeFile(path, text);
    const load = () => loadKubeConfig({ environment: {}, kubeconfig: path, ...options });
    expect(() => new Connection(load)).toThrow(expect.objectContaining({ code }) as Error);
  });
});
