import { createHash } from 'node:crypto';
import type { AgentOptions, RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, ProxyAgent, Socks5ProxyAgent, type buildConnector, type Dispatcher } from 'undici';
import { BlockstillError } from '../../common/error.ts';
import { unlessAborted } from './deadline.ts';

/** What a request to the cluster needs besides its own content. */
export interface Access {
  readonly dispatcher: Dispatcher;
  /** Who asks: `Authorization`, `Impersonate-User`. */
  readonly headers: Readonly<Record<string, string>>;
}

const keepAlive = { keepAlive: true, keepAliveInitialDelay: 30_000 };

/**
 * The way to one cluster: its address, and one dispatcher with its connections, which lives until the certificates
 * change. Credentials are asked for with each request, so that tokens and certificates may be renewed at any time.
 *
 * HTTP/1.1 on purpose: with HTTP/2 all watches and requests would share one connection, and die with it.
 */
export class Connection implements AsyncDisposable {
  readonly origin: string;
  /** What the server's URL has after its host: clusters behind a gateway have one. */
  readonly pathPrefix: string;
  /** The namespace of the context, if it names one. */
  readonly namespace: string | undefined;
  readonly #load: () => KubeConfig;
  #config: KubeConfig;
  #dispatcher: Dispatcher | undefined;
  #fingerprint = '';
  #pending: Promise<Access> | undefined;

  /**
   * @param load reads the configuration; called again when the credentials are refused
   * @throws BlockstillError as `load`, and `cluster/invalid-configuration` for an address that is none
   */
  constructor(load: () => KubeConfig) {
    this.#load = load;
    this.#config = load();
    const url = serverOf(this.#config);
    this.origin = url.origin;
    this.pathPrefix = url.pathname.replace(/\/+$/, '');
    this.namespace = this.#config.getContextObject(this.#config.getCurrentContext())?.namespace;
  }

  /**
   * Requests that come while a credential plugin runs wait for that one; when one of them has waited for too long, the
   * next runs the plugin anew.
   *
   * @throws BlockstillError `cluster/no-credentials` when a plugin fails or a file is missing
   */
  async access(signal: AbortSignal): Promise<Access> {
    this.#pending ??= this.#obtain();
    const pending = this.#pending;
    try {
      return await unlessAborted(pending, signal);
    } finally {
      if (this.#pending === pending) this.#pending = undefined;
    }
  }

  /** The credentials were refused: forgets them, and reads the configuration again. */
  refresh(): void {
    this.#config = this.#load();
    this.#pending = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher?.destroy();
  }

  async #obtain(): Promise<Access> {
    const options: RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      throw noCredentials(this.origin, error);
    }
    return { dispatcher: this.#dispatcherFor(options), headers: headersOf(options) };
  }

  #dispatcherFor(options: RequestOptions): Dispatcher {
    const { ca, cert, key, rejectUnauthorized, servername } = options;
    const tls = { ca, cert, key, rejectUnauthorized, servername } as AgentOptions;
    const cluster = this.#config.getCurrentCluster();
    const fingerprint = digestOf(tls, cluster?.proxyUrl);
    if (this.#dispatcher !== undefined && fingerprint === this.#fingerprint) return this.#dispatcher;
    // What runs on the old one, watches above all, ends in its own time.
    this.#dispatcher?.close().catch(() => undefined);
    this.#dispatcher = createDispatcher(this.#config, tls);
    this.#fingerprint = fingerprint;
    return this.#dispatcher;
  }
}

function createDispatcher(config: KubeConfig, tls: AgentOptions): Dispatcher {
  const common = { allowH2: false, keepAliveTimeout: 30_000 };
  const options = config.createDispatcherOptions(config.getCurrentCluster(), tls);
  switch (options.type) {
    case 'none':
      return new Agent({ ...common, connect: keepAlive });
    case 'agent':
      return new Agent({ ...common, connect: options.connect as buildConnector.BuildOptions });
    case 'proxy': {
      const requestTls = { ...options.requestTls, ...keepAlive } as buildConnector.BuildOptions;
      return new ProxyAgent({ ...common, uri: options.uri, requestTls });
    }
    case 'socks': {
      const requestTls = options.requestTls as buildConnector.BuildOptions;
      return new Socks5ProxyAgent(options.uri, { ...common, requestTls });
    }
  }
}

function headersOf({ headers, auth }: RequestOptions): Record<string, string> {
  const result: Record<string, string> = {};
  // A token file may end in a newline, which no header may have.
  for (const [name, value] of Object.entries(headers ?? {}))
    result[name.toLowerCase()] = String(value).trim();
  if (auth) result['authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  return result;
}

function digestOf({ ca, cert, key, rejectUnauthorized, servername }: AgentOptions, proxy?: string): string {
  const parts = [ca, cert, key].map((part) => (Buffer.isBuffer(part) ? part.toString('base64') : part));
  const text = JSON.stringify([...parts, rejectUnauthorized, servername, proxy]);
  return createHash('sha256').update(text).digest('hex');
}

function serverOf(config: KubeConfig): URL {
  const cluster = config.getCurrentCluster();
  const server = cluster?.server ?? '';
  if (!URL.canParse(server)) {
    throw new BlockstillError('cluster/invalid-configuration', `"${server}" is no address of a cluster.`, {
      where: cluster?.name,
    });
  }
  const url = new URL(server);
  if (url.protocol === 'http:' && cluster?.skipTLSVerify !== true) {
    throw new BlockstillError('cluster/invalid-configuration', 'The cluster is to be reached without TLS.', {
      where: server,
      hint: 'Use https, or say insecure-skip-tls-verify: true if this is meant, as for kubectl proxy.',
    });
  }
  return url;
}

function noCredentials(where: string, cause: unknown): BlockstillError {
  const why = cause instanceof Error ? cause.message.trim() : String(cause);
  return new BlockstillError(
    'cluster/no-credentials',
    `There are no credentials for the cluster: ${why || 'the plugin failed'}`,
    {
      where,
      cause,
      hint: 'Does kubectl work with the same kubeconfig? If it has a credential plugin, run it by hand.',
    },
  );
}
