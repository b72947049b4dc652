import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { kubectl } from './kubectl.ts';

const permissions = fileURLToPath(new URL('../../helm/manifests/rbac.yaml', import.meta.url));
const namespace = 'blockstill-system';
const account = 'blockstill-operator';

interface Kubeconfig {
  readonly clusters: readonly { readonly name: string; readonly cluster: object }[];
}

/**
 * Gives the operator's service account the permissions that are shipped, and no others.
 *
 * @param kubeconfig - the path of the administrator's
 * @param folder - where the kubeconfig of the operator is put
 * @returns its path
 */
export async function operatorKubeconfig(kubeconfig: string, folder: string): Promise<string> {
  await kubectl(kubeconfig, ['create', 'namespace', namespace]);
  await kubectl(kubeconfig, ['apply', '-f', permissions]);
  const token = await kubectl(kubeconfig, ['create', 'token', account, '-n', namespace, '--duration=4h']);
  const { clusters } = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  const context = { cluster: clusters[0]?.name, user: account, namespace };
  const path = join(folder, 'operator.kubeconfig');
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters,
    users: [{ name: account, user: { token: token.trim() } }],
    contexts: [{ name: account, context }],
    'current-context': account,
  };
  await writeFile(path, JSON.stringify(content), { mode: 0o600 });
  return path;
}
