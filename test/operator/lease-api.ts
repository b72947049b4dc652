import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Lease } from '../../operator/kube/lease.ts';
import { answer, startApiServer } from '../../operator/kube/testing/api-server.ts';

/** An API server that knows one Lease, keeps nothing else, and is at a test's disposal. */
export interface LeaseApi extends AsyncDisposable {
  readonly origin: string;
  readonly lease: Lease | undefined;
  /** Seconds on the clock of `performance` at the last write that it accepted. */
  readonly writtenAt: number;
  /** Requests that are not about the Lease: `POST /api/...`. */
  readonly others: readonly string[];
  /** While true, every request is answered with 500. */
  broken: boolean;
  /** Resolves after the first request at which `test` is content. */
  until(test: (lease: Lease | undefined) => boolean): Promise<void>;
}

type LeaseTest = (lease: Lease | undefined) => boolean;

export async function startLeaseApi(): Promise<LeaseApi> {
  const api = new FakeLeaseApi();
  const server = await startApiServer((request, response) => {
    api.serve(request).then(
      ({ status, body }) => answer(response, status, body),
      () => response.destroy(),
    );
  });
  api.origin = server.origin;
  api[Symbol.asyncDispose] = async () => await server[Symbol.asyncDispose]();
  return api;
}

class FakeLeaseApi implements LeaseApi {
  origin = '';
  broken = false;
  lease: Lease | undefined;
  writtenAt = -Infinity;
  readonly others: string[] = [];
  #version = 0;
  #waiting: { readonly test: LeaseTest; readonly resolve: () => void }[] = [];
  [Symbol.asyncDispose]: () => Promise<void> = async () => undefined;

  async until(test: LeaseTest): Promise<void> {
    if (test(this.lease)) return;
    await new Promise<void>((resolve) => this.#waiting.push({ test, resolve }));
  }

  async serve(request: IncomingMessage): Promise<Answer> {
    const { method = '', url = '' } = request;
    const [path = ''] = url.split('?');
    const body = await text(request);
    if (this.broken) return refusal(500, 'InternalError');
    if (!path.includes('/leases')) {
      this.others.push(`${method} ${path}`);
      this.#tellWhoWaits();
      return method === 'GET' ? refusal(404, 'NotFound', path) : { status: 201, body: {} };
    }
    if (method === 'GET') {
      return this.lease === undefined ? refusal(404, 'NotFound', path) : { status: 200, body: this.lease };
    }
    const given = JSON.parse(body) as Lease;
    if (method === 'POST' && this.lease !== undefined) return refusal(409, 'AlreadyExists');
    if (method === 'PUT' && given.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
      return refusal(409, 'Conflict');
    }
    this.#version += 1;
    const metadata = { ...given.metadata, uid: 'lease-uid', resourceVersion: String(this.#version) };
    this.lease = { ...given, metadata };
    this.writtenAt = performance.now() / 1000;
    this.#tellWhoWaits();
    return { status: 200, body: this.lease };
  }

  #tellWhoWaits(): void {
    const met = this.#waiting.filter(({ test }) => test(this.lease));
    this.#waiting = this.#waiting.filter((each) => !met.includes(each));
    for (const { resolve } of met) resolve();
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function refusal(code: number, reason: string, path = ''): Answer {
  const name = path.split('/').at(-1);
  return { status: code, body: { kind: 'Status', code, reason, details: { name } } };
}
