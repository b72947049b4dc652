import { KubeConfig } from '@kubernetes/client-node';
import { KubeClient, type KubeClientOptions } from '../client.ts';
import { Connection } from '../connection.ts';

/** A client of a server that asks for no credentials. */
export function testClient(
  server: string,
  options: Partial<KubeClientOptions> = {},
): KubeClient & AsyncDisposable {
  const connection = new Connection(() => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser({ name: 'test', server, skipTLSVerify: true }, { name: 'test' });
    return config;
  });
  const client = new KubeClient({ connection, fieldManager: 'blockstill', random: () => 0.5, ...options });
  return Object.assign(client, {
    [Symbol.asyncDispose]: async () => await connection[Symbol.asyncDispose](),
  });
}
