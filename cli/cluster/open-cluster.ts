import { KubeClient } from '../../operator/kube/client.ts';
import { systemClock, type Clock } from '../../operator/kube/clock.ts';
import { Connection } from '../../operator/kube/connection.ts';
import { loadKubeConfig } from '../../operator/kube/kube-config.ts';

/** Which cluster, and where in it. */
export interface ClusterOptions {
  readonly namespace?: string | undefined;
  readonly context?: string | undefined;
  readonly kubeconfig?: string | undefined;
}

/** What a command needs of a cluster. */
export interface Cluster {
  readonly client: KubeClient;
  /** The one asked for, or that of the context. */
  readonly namespace: string;
  readonly clock: Clock;
}

/** A person would rather hear at once that nobody answers: two attempts, a second apart at most. */
const attempts = 2;
const timeoutSeconds = 20;

/**
 * The cluster that kubectl would talk to.
 *
 * @throws BlockstillError `cluster/no-configuration`, `cluster/invalid-configuration`
 */
export function openCluster(
  { namespace, context, kubeconfig }: ClusterOptions,
  environment: NodeJS.ProcessEnv,
): Cluster & AsyncDisposable {
  const connection = new Connection(() => loadKubeConfig({ environment, kubeconfig, context }));
  return {
    client: new KubeClient({ connection, fieldManager: 'blockstill-cli', attempts, timeoutSeconds }),
    namespace: namespace ?? connection.namespace ?? 'default',
    clock: systemClock,
    [Symbol.asyncDispose]: async () => await connection[Symbol.asyncDispose](),
  };
}
