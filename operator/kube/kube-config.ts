import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { BlockstillError } from '../../common/error.ts';
import { readKubeconfigFiles } from './kubeconfig-files.ts';

export interface KubeConfigOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** A kubeconfig file, before everything else. */
  readonly kubeconfig?: string | undefined;
  /** In place of the current context of the kubeconfig. */
  readonly context?: string | undefined;
  /** Where the service account is mounted, before `/var/run`; for tests. */
  readonly rootFolder?: string;
}

/**
 * How to reach the cluster: the file asked for, the files of `KUBECONFIG`, the service account of the pod, or
 * `~/.kube/config`; the first that there is.
 *
 * @throws BlockstillError `cluster/no-configuration`, `cluster/invalid-configuration`
 */
export function loadKubeConfig(options: KubeConfigOptions): KubeConfig {
  const { environment, kubeconfig, context, rootFolder = '' } = options;
  const paths =
    kubeconfig === undefined ? environment['KUBECONFIG']?.split(delimiter).filter(Boolean) : [kubeconfig];
  if (!paths?.length) {
    const config = serviceAccountConfig(environment, rootFolder);
    if (config !== undefined) return config;
  }
  const config = new KubeConfig();
  const files = paths?.length ? paths : [join(environment['HOME'] ?? homedir(), '.kube', 'config')];
  const where = files.join(', ');
  const text = readKubeconfigFiles(files);
  try {
    config.loadFromString(text);
  } catch (error) {
    const message = `The kubeconfig can't be used: ${error instanceof Error ? error.message : String(error)}`;
    throw new BlockstillError('cluster/invalid-configuration', message, { where, cause: error });
  }
  if (context !== undefined) config.setCurrentContext(context);
  const current = config.getContextObject(config.getCurrentContext());
  if (current === null || config.getCurrentCluster() === null) {
    const known = config.getContexts().map(({ name }) => name);
    throw new BlockstillError(
      'cluster/invalid-configuration',
      `The kubeconfig has no cluster for the context "${config.getCurrentContext() ?? ''}".`,
      { where, hint: known.length === 0 ? undefined : `It knows ${known.join(', ')}.` },
    );
  }
  return config;
}

/** What a pod is given, if this is one. */
function serviceAccountConfig(environment: NodeJS.ProcessEnv, rootFolder: string): KubeConfig | undefined {
  const folder = `${rootFolder}/var/run/secrets/kubernetes.io/serviceaccount`;
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  const tokenFile = join(folder, 'token');
  if (!host || !existsSync(tokenFile)) return undefined;
  const namespaceFile = join(folder, 'namespace');
  const namespace = existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : undefined;
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const name = 'in-cluster';
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name, caFile: join(folder, 'ca.crt'), server, skipTLSVerify: false }],
    // The token is read again once a minute: it is renewed every hour.
    users: [{ name, authProvider: { name: 'tokenFile', config: { tokenFile } } }],
    contexts: [{ name, cluster: name, user: name, namespace }],
    currentContext: name,
  });
  return config;
}
