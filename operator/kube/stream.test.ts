import { expect, it } from 'vitest';
import { nodes } from './testing/resources.ts';
import { startApiServer } from './testing/api-server.ts';
import { testClient } from './testing/test-client.ts';

const reference = { name: 'a' };

function textOf(chunk: IteratorResult<Uint8Array>): string | undefined {
  return chunk.done === true ? undefined : Buffer.from(chunk.value).toString();
}

it('brings what is said as it is said, and ends when the server ends', async () => {
  const asked: (string | undefined)[] = [];
  let finish = (): void => undefined;
  await using server = await startApiServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.write('first\n');
    finish = () => void response.end('no JSON {\n');
  });
  await using client = testClient(server.origin);
  const options = { subresource: 'log', query: { follow: 'true', tail: undefined } };
  const chunks = await client.stream(nodes, reference, { ...options, signal: new AbortController().signal });
  const reader = chunks[Symbol.asyncIterator]();
  expect(textOf(await reader.next())).toBe('first\n');
  finish();
  expect(textOf(await reader.next())).toBe('no JSON {\n');
  expect((await reader.next()).done).toBe(true);
  expect(asked).toEqual(['/api/v1/nodes/a/log?follow=true']);
});

it('is refused in the words of the API', async () => {
  await using server = await startApiServer((_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ kind: 'Status', code: 400, reason: 'BadRequest', message: 'waiting' }));
  });
  await using client = testClient(server.origin);
  const opened = client.stream(nodes, reference, {
    subresource: 'log',
    signal: new AbortController().signal,
  });
  await expect(opened).rejects.toMatchObject({
    code: 'cluster/bad-request',
    message: expect.stringContaining('waiting') as string,
  });
});

it('is a broken connection when it breaks off, and the reason of its signal when that cuts it off', async () => {
  let breakOff = (): void => undefined;
  await using server = await startApiServer((_request, response) => {
    response.writeHead(200);
    response.write('first\n');
    breakOff = () => void response.destroy();
  });
  await using client = testClient(server.origin);
  const open = async (signal: AbortSignal): Promise<AsyncIterator<Uint8Array>> => {
    const reader = (await client.stream(nodes, reference, { subresource: 'log', signal }))[
      Symbol.asyncIterator
    ]();
    await reader.next();
    return reader;
  };
  const broken = (await open(new AbortController().signal)).next();
  breakOff();
  await expect(broken).rejects.toMatchObject({ code: 'cluster/unreachable' });
  const controller = new AbortController();
  const cut = (await open(controller.signal)).next();
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(cut).rejects.toBe(reason);
});
