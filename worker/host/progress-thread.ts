/** The program of the thread that answers for a worker; see `progress-server.ts`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

export interface ProgressThreadData {
  readonly port: number;
  readonly address: string | undefined;
}

export type ToThread = { readonly kind: 'Show'; readonly progress: string } | { readonly kind: 'End' };

export type ToMain =
  | { readonly kind: 'Listening'; readonly port: number }
  | { readonly kind: 'Failed'; readonly reason: string };

const { port, address } = workerData as ProgressThreadData;
let progress: string | undefined;

function answer({ method, url }: IncomingMessage, response: ServerResponse): void {
  const path = url?.split('?', 1)[0];
  if (path !== '/progress' && path !== '/healthz') response.writeHead(404).end();
  else if (method !== 'GET') response.writeHead(405, { allow: 'GET' }).end();
  else if (path === '/healthz') response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
  else if (progress === undefined) response.writeHead(204).end();
  else response.writeHead(200, { 'content-type': 'application/json' }).end(progress);
}

function tell(message: ToMain): void {
  parentPort?.postMessage(message);
}

const server = createServer(answer);
server.on('error', (error) => {
  tell({ kind: 'Failed', reason: error.message });
  parentPort?.close();
});
server.listen({ port, host: address }, () =>
  tell({ kind: 'Listening', port: (server.address() as AddressInfo).port }),
);
parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'Show') {
    progress = message.progress;
    return;
  }
  // Closes idle connections, too.
  server.close();
  parentPort?.close();
});
