import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, request as sendHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent, request as sendHttps, type RequestOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { randomStream } from '../../common/random.ts';
import { systemClock, type Clock } from '../../operator/kube/clock.ts';
import { drawFault, type Fault, type FaultRates } from './faults.ts';

export interface FaultProxyOptions {
  /** The API server's URL. */
  readonly backend: string;
  /** Who the proxy is to the API server, as for `https.request`; whoever asks the proxy needs no credentials. */
  readonly identity?: Pick<RequestOptions, 'ca' | 'cert' | 'key'>;
  readonly seed: number;
  readonly rates: FaultRates;
  /** Requests that are left alone, by method and path. */
  readonly spares?: (method: string, path: string) => boolean;
  readonly clock?: Clock;
  /** The longest that a slow answer takes; default 2. */
  readonly slowSeconds?: number;
  /** When a watch is cut or falls silent, at the latest; default 5. */
  readonly watchSeconds?: number;
}

export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  /** How often each fault was injected. */
  readonly injected: ReadonlyMap<Fault, number>;
  /** Requests so far. */
  readonly requests: number;
  /** Off at the start. */
  switchOn(): void;
  switchOff(): void;
  /** Cuts all connections, watches too. */
  cutAll(): void;
  /** Writes a kubeconfig that leads through the proxy, and answers its path. */
  writeKubeconfig(path: string): Promise<string>;
}

/**
 * A way to an API server on which things go wrong, by a seed and given probabilities. It listens on the loopback
 * interface, speaks HTTP to whoever asks, and passes on as they come the bytes of all answers that it doesn't spoil.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new Proxy(options);
  const server = createServer((request, response) => proxy.handle(request, response));
  // Nobody waits for ever, but watches last long.
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    injected: proxy.injected,
    get requests() {
      return proxy.requests;
    },
    switchOn: () => (proxy.isOn = true),
    switchOff: () => (proxy.isOn = false),
    cutAll: () => server.closeAllConnections(),
    writeKubeconfig: async (path) => {
      await writeFile(path, JSON.stringify(kubeconfigOf(url)));
      return path;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      proxy.close();
      await once(server, 'close');
    },
  };
}

/** What a proxy needs to take the place of the owner of a kubeconfig with a certificate. */
export async function identityIn(
  kubeconfig: string,
): Promise<Required<Pick<FaultProxyOptions, 'backend' | 'identity'>>> {
  const config = new KubeConfig();
  config.loadFromString(await readFile(kubeconfig, 'utf8'));
  const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
  const decode = (data: string | undefined): Buffer => Buffer.from(data ?? '', 'base64');
  return {
    backend: cluster?.server ?? '',
    identity: { ca: decode(cluster?.caData), cert: decode(user?.certData), key: decode(user?.keyData) },
  };
}

function kubeconfigOf(server: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'proxy', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'proxy', user: {} }],
    contexts: [{ name: 'proxy', context: { cluster: 'proxy', user: 'proxy' } }],
    'current-context': 'proxy',
  };
}

class Proxy {
  isOn = false;
  requests = 0;
  readonly injected = new Map<Fault, number>();
  readonly #options: FaultProxyOptions;
  readonly #agent: Agent | undefined;

  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#agent =
      options.identity === undefined ? undefined : new Agent({ keepAlive: true, ...options.identity });
  }

  close(): void {
    this.#agent?.destroy();
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const { seed, rates, spares, clock = systemClock, slowSeconds = 2, watchSeconds = 5 } = this.#options;
    const { method = 'GET', url = '/' } = request;
    this.requests += 1;
    const random = randomStream(seed, 'fault', this.requests);
    const isSpared = !this.isOn || spares?.(method, url) === true;
    const fault = isSpared ? undefined : drawFault(random.uniform(), rates, { method, url });
    if (fault !== undefined) this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1);
    const inAWhile = (action: () => void): void => void clock.after(random.uniform() * watchSeconds, action);
    const cut = (): void => void response.destroy();
    const forward = (onAnswer: OnAnswer): void => this.#forward(request, response, onAnswer);
    switch (fault) {
      case undefined:
        return forward((answer) => pass(answer, response));
      case 'ConflictBefore':
        return refuse(request, response, { code: 409, reason: 'Conflict' });
      case 'Expired':
        return refuse(request, response, { code: 410, reason: 'Expired' });
      case 'TooManyRequests':
        return refuse(request, response, { code: 429, reason: 'TooManyRequests' });
      case 'InternalError':
        return refuse(request, response, { code: 500, reason: 'InternalError' });
      case 'Unavailable':
        return refuse(request, response, { code: 503, reason: 'ServiceUnavailable' });
      case 'GatewayTimeout':
        return refuse(request, response, { code: 504, reason: 'Timeout' });
      case 'NoAnswer':
        request.resume();
        return;
      case 'Slow':
        clock.after(random.uniform() * slowSeconds, () => forward((answer) => pass(answer, response)));
        return;
      case 'ConflictAfter':
        return forward((answer) => {
          answer.resume().on('end', () => sendStatus(response, { code: 409, reason: 'Conflict' }));
        });
      case 'CutAfterWrite':
        return forward((answer) => void answer.resume().on('end', cut));
      case 'CutWatch':
        return forward((answer) => {
          pass(answer, response);
          inAWhile(cut);
        });
      case 'ExpiredInWatch':
        return forward((answer) => {
          let last: number | undefined;
          answer.on('data', (chunk: Buffer) => (last = chunk.at(-1)));
          pass(answer, response);
          // An error comes after a whole line only.
          inAWhile(() => (last === undefined || last === newline ? endWithError(answer, response) : cut()));
        });
      case 'SilentWatch':
        return forward((answer) => {
          pass(answer, response);
          // What still comes is lost, and the connection stays.
          inAWhile(() => answer.unpipe(response).resume());
        });
    }
  }

  #forward(request: IncomingMessage, response: ServerResponse, onAnswer: OnAnswer): void {
    const { backend } = this.#options;
    const target = new URL(request.url ?? '/', backend);
    const { host: _, connection: __, ...headers } = request.headers;
    const options = { method: request.method, headers, agent: this.#agent } as RequestOptions;
    const send = target.protocol === 'https:' ? sendHttps : sendHttp;
    const onward = send(target, options, onAnswer);
    // The API server is gone: so is the connection to it.
    onward.on('error', () => response.destroy());
    response.on('close', () => {
      // Whoever asked has gone.
      if (!response.writableFinished) onward.destroy();
    });
    request.pipe(onward);
  }
}

const newline = 0x0a;

type OnAnswer = (answer: IncomingMessage) => void;

/** Passes an answer on as it comes. */
function pass(answer: IncomingMessage, response: ServerResponse): void {
  const { 'transfer-encoding': _, connection: __, ...headers } = answer.headers;
  response.writeHead(answer.statusCode ?? 502, headers);
  response.flushHeaders();
  answer.on('error', () => response.destroy());
  answer.pipe(response);
}

interface Refusal {
  readonly code: number;
  readonly reason: string;
}

function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  request.resume().on('end', () => sendStatus(response, refusal));
}

function sendStatus(response: ServerResponse, refusal: Refusal): void {
  const headers = { 'content-type': 'application/json' };
  response.writeHead(refusal.code, refusal.code === 429 ? { ...headers, 'retry-after': '1' } : headers);
  response.end(JSON.stringify(statusOf(refusal)));
}

function statusOf({ code, reason }: Refusal): object {
  const message = `injected by a test: ${reason}`;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

/** Ends a watch as the API server does that no longer knows where it was. */
function endWithError(answer: IncomingMessage, response: ServerResponse): void {
  if (response.destroyed || response.writableEnded) return;
  answer.unpipe(response).resume();
  const error = { type: 'ERROR', object: statusOf({ code: 410, reason: 'Expired' }) };
  response.end(`${JSON.stringify(error)}\n`);
}
