import { fileURLToPath } from 'node:url';
import { waitFor } from '../wait-for.ts';
import type { NodeNamespaces } from './namespaces.ts';

const program = fileURLToPath(new URL('forward.ts', import.meta.url));

/**
 * Lets pods reach the API server at the address of its service, where their libraries look for it. That is what is here
 * of kube-proxy.
 *
 * @param address - of the service, and the port 443
 * @param server - address and port of the API server
 */
export async function serveServiceAddress(
  namespaces: NodeNamespaces,
  { address, server }: { address: string; server: string },
): Promise<void> {
  const { code, stderr } = await namespaces.run('ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
  if (code !== 0) throw new Error(`The node did not get the address ${address}: ${stderr}`);
  const forwarder = await namespaces.start(
    process.execPath,
    [program, `${address}:443`, server],
    'forward.log',
  );
  await waitFor('the address of the service kubernetes', async () => {
    const ending = await forwarder.ending();
    if (ending !== undefined) throw new Error(ending);
    const listening = await namespaces.run('cat', ['/proc/net/tcp']);
    return isListening(listening.stdout, address) ? true : undefined;
  });
}

/** Whether `/proc/net/tcp`, which has addresses as little-endian hexadecimal numbers, has a listener on port 443. */
function isListening(table: string, address: string): boolean {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return table.toLowerCase().includes(` ${bytes.toReversed().join('')}:01bb 00000000:0000 0a `);
}
