import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOfBytes } from '../digest.ts';
import { receiveObject, type Request } from './receive-object.ts';

const content = Buffer.from('0123456789');

/** A server whose answers break off after so many bytes each; the last one is whole. */
function serverThat(breaksAfter: readonly number[]): { request: Request; asked: unknown[] } {
  const asked: unknown[] = [];
  const request: Request = async (start, etag) => {
    const length = breaksAfter[asked.length];
    asked.push([start, etag]);
    return {
      start,
      etag: 'the same',
      bytes: content.length - start,
      body: (async function* () {
        yield content.subarray(start, length === undefined ? undefined : start + length);
        if (length !== undefined) throw new Error('aborted');
      })(),
    };
  };
  return { request, asked };
}

async function receive(request: Request, signal?: AbortSignal) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'receive-'));
  const path = join(folder.path, 'file');
  const received = await receiveObject(request, { path, where: 's3://bucket/key', signal });
  return { ...received, content: await readFile(path, 'utf8') };
}

test('what breaks off is asked for from there on, and only while it is the same object', async () => {
  const { request, asked } = serverThat([4, 3]);
  expect(await receive(request)).toEqual({
    content: '0123456789',
    bytes: 10,
    digest: digestOfBytes(content),
  });
  expect(asked).toEqual([
    [0, undefined],
    [4, 'the same'],
    [7, 'the same'],
  ]);
});

test('an answer that ends early without an error has broken off as well', async () => {
  const early: Request = async (start) => ({
    start,
    etag: undefined,
    bytes: content.length - start,
    body: (async function* () {
      yield content.subarray(start, start + 6);
    })(),
  });
  expect((await receive(early)).content).toBe('0123456789');
});

test('a server that begins from the start again is not taken at its word', async () => {
  const { request } = serverThat([4, 4]);
  const forgetful: Request = async (start, etag) => ({ ...(await request(start, etag)), start: 0 });
  await expect(receive(forgetful)).rejects.toMatchObject({ code: 'storage/s3', where: 's3://bucket/key' });
});

test('a signal ends it between two tries', async () => {
  const told = new AbortController();
  const { request } = serverThat([4, 4]);
  const stopping: Request = async (start, etag) => {
    if (start > 0) told.abort();
    return request(start, etag);
  };
  await expect(receive(stopping, told.signal)).rejects.toMatchObject({ name: 'AbortError' });
});
