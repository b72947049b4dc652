/** The program of the thread that answers for a worker; see `progress-server.ts`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { Progress } from '../contract/progress.ts';
import { freshSnapshot } from '../energy/fresh-snapshot.ts';
import { SharedText } from '../energy/shared-text.ts';
import { createWorkerMetrics } from './worker-metrics.ts';

export interface ProgressThreadData {
  readonly port: number;
  readonly address: string | undefined;
}

export type ToThread =
  | { readonly kind: 'Show'; readonly progress: Progress }
  /** The memory in which an energy meter leaves its snapshots. */
  | { readonly kind: 'Watch'; readonly snapshots: SharedArrayBuffer }
  | { readonly kind: 'End' };

export type ToMain =
  | { readonly kind: 'Listening'; readonly port: number }
  | { readonly kind: 'Failed'; readonly reason: string };

const { port, address } = workerData as ProgressThreadData;
let progress: Progress | undefined;
let toldAt = 0;
let snapshots: SharedText | undefined;

// The meter's memory is read here and now, not told by the thread that works: that one may be blocked, which is when people look.
const metrics = createWorkerMetrics(() => ({
  progress,
  toldAt,
  energy: freshSnapshot(snapshots),
  residentBytes: process.memoryUsage.rss(),
}));

const paths: ReadonlySet<string> = new Set(['/progress', '/healthz', '/metrics']);

async function answer({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = url?.split('?', 1)[0] ?? '';
  if (!paths.has(path)) {
    response.writeHead(404).end();
  } else if (method !== 'GET') {
    response.writeHead(405, { allow: 'GET' }).end();
  } else if (path === '/healthz') {
    response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
  } else if (path === '/metrics') {
    const { contentType, text } = await metrics.expose();
    response.writeHead(200, { 'content-type': contentType }).end(text);
  } else if (progress === undefined) {
    response.writeHead(204).end();
  } else {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(progress));
  }
}

function tell(message: ToMain): void {
  parentPort?.postMessage(message);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    response.writeHead(500, { 'content-type': 'text/plain' }).end(`${why}\n`);
  });
});
server.on('error', (error) => {
  tell({ kind: 'Failed', reason: error.message });
  parentPort?.close();
});
server.listen({ port, host: address }, () =>
  tell({ kind: 'Listening', port: (server.address() as AddressInfo).port }),
);
parentPort?.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'Show':
      progress = message.progress;
      toldAt = Date.now() / 1000;
      return;
    case 'Watch':
      snapshots = new SharedText(message.snapshots);
      return;
    case 'End':
      // Closes idle connections, too.
      server.close();
      parentPort?.close();
  }
});
