import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** What goes wrong with a request, in place of what the server would answer. */
export type Fault =
  | { readonly status: number; readonly code: string }
  /** The connection breaks after so many bytes of the server's answer. */
  | { readonly breakAfterBytes: number };

export interface FaultyProxy extends AsyncDisposable {
  readonly endpoint: string;
  /** Method, path and `range` of every request so far. */
  readonly requests: readonly string[];
}

/**
 * A proxy before an S3 server; `fault` is asked for each request, and undefined lets it through. A request waits as long
 * as `fault` does, so that something else can happen before it.
 */
export async function startFaultyProxy(
  endpoint: string,
  fault: (request: IncomingMessage) => Fault | undefined | Promise<Fault | undefined>,
): Promise<FaultyProxy> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void serve(request, response);
  });
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url, headers } = request;
    requests.push([method, url?.split('?')[0], headers.range].filter(Boolean).join(' '));
    const wrong = await fault(request);
    if (wrong !== undefined && 'status' in wrong) {
      request.resume();
      response.writeHead(wrong.status, { 'content-type': 'application/xml' });
      response.end(`<Error><Code>${wrong.code}</Code><Message>It was asked for.</Message></Error>`);
      return;
    }
    // With the headers as they are: the signature covers the name by which the client knows the server.
    const onward = send(endpoint + url, { method: method ?? 'GET', headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      if (wrong === undefined) {
        answer.pipe(response);
        return;
      }
      response.flushHeaders();
      let left = wrong.breakAfterBytes;
      answer.on('data', (chunk: Buffer) => {
        const passed = chunk.subarray(0, left);
        left -= passed.byteLength;
        if (passed.byteLength > 0) response.write(passed);
        // The bytes before it must arrive.
        if (left === 0) response.socket?.end(() => response.destroy());
      });
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
