import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BlockstillError } from '../../common/error.ts';
import type { Exposition } from './metrics/prometheus-metrics.ts';
import type { ListenAddress } from './options.ts';

export interface ProbeServerOptions {
  readonly address: ListenAddress;
  /** Why the process should be started anew; undefined when it should not. */
  notHealthy(): string | undefined;
  /** Why it can't do its work now; undefined when it can. */
  notReady(): string | undefined;
  expose(): Promise<Exposition>;
}

export interface ProbeServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * Serves `/healthz`, `/readyz` and `/metrics`. A probe that is not answered in time says that the event loop is blocked.
 *
 * @throws BlockstillError `operator/cannot-listen`
 */
export async function startProbeServer(options: ProbeServerOptions): Promise<ProbeServer> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      send(response, 500, `${error instanceof Error ? error.message : String(error)}\n`);
    });
  });
  const { host, port } = options.address;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BlockstillError('operator/cannot-listen', `Health and metrics can't be served: ${why}`, {
      where: `--listen ${host}:${port}`,
      hint: 'Choose another port, or --listen off.',
      cause,
    });
  }
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  { notHealthy, notReady, expose }: ProbeServerOptions,
  { method, url = '' }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = ''] = url.split('?');
  if (!paths.has(path)) {
    send(response, 404, 'There is /healthz, /readyz and /metrics.\n');
  } else if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    send(response, 405, 'Only GET and HEAD.\n');
  } else if (path === '/metrics') {
    const { contentType, text } = await expose();
    send(response, 200, text, contentType);
  } else {
    const wrong = path === '/healthz' ? notHealthy() : notReady();
    send(response, wrong === undefined ? 200 : 503, `${wrong ?? 'ok'}\n`);
  }
}

const paths: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** To a HEAD request node sends the head alone. */
function send(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
