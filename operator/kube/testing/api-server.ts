import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface ApiServer extends AsyncDisposable {
  readonly origin: string;
  /** How many connections were made so far. */
  readonly connections: number;
}

/** A server on this machine in the API server's place, for what needs a real socket. */
export async function startApiServer(
  handler: Handler,
  tls?: ServerOptions,
  onConnect?: (request: IncomingMessage, socket: Duplex) => void,
): Promise<ApiServer> {
  const server: Server = tls === undefined ? createServer(handler) : createTlsServer(tls, handler);
  if (onConnect !== undefined) server.on('connect', onConnect);
  let connections = 0;
  server.on(tls === undefined ? 'connection' : 'secureConnection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Answers with JSON. */
export function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
