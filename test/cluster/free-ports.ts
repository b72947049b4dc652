import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Ports that nothing listens on. They lie below the range from which Linux takes the ports of outgoing connections, so
 * that none is taken between being found and being used.
 */
export async function freePorts(count: number, address: string): Promise<readonly number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port, address)) found.add(port);
  }
  return [...found];
}

async function isFree(port: number, address: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}
