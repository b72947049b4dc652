import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KubeClient, type KubeClientOptions } from '../../operator/kube/client.ts';
import { Connection } from '../../operator/kube/connection.ts';
import { loadKubeConfig } from '../../operator/kube/kube-config.ts';
import type { KubeObject, Resource } from '../../operator/kube/resource.ts';

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export const configMaps: Resource<ConfigMap> = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};

/** The operator's client, for the cluster of a kubeconfig. */
export function openClient(
  kubeconfig: string,
  options: Partial<KubeClientOptions> = {},
): KubeClient & AsyncDisposable {
  const connection = new Connection(() => loadKubeConfig({ environment: {}, kubeconfig }));
  const client = new KubeClient({ connection, fieldManager: 'blockstill-test', ...options });
  return Object.assign(client, {
    [Symbol.asyncDispose]: async () => await connection[Symbol.asyncDispose](),
  });
}

/** A kubeconfig for the same cluster, in which a token says who asks. */
export async function kubeconfigWithToken(
  kubeconfig: string,
  token: string,
): Promise<AsyncDisposable & { readonly path: string }> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await mkdtempDisposable(join(tmpdir(), 'blockstill-token-')));
  const path = join(folder.path, 'kubeconfig');
  const config = parse(await readFile(kubeconfig, 'utf8')) as { users: { name: string; user: object }[] };
  const users = config.users.map(({ name }) => ({ name, user: { token } }));
  await writeFile(path, JSON.stringify({ ...config, users }), { mode: 0o600 });
  const held = undo.move();
  return { path, [Symbol.asyncDispose]: async () => await held.disposeAsync() };
}
