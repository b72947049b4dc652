import { readdir, readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { digestOfBytes } from '../../common/digest.ts';
import { InvalidInputError } from '../../common/error.ts';
import { openObjectStore } from '../../common/s3/open-object-store.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { startFaultyProxy, type Fault } from './faulty-proxy.ts';
import { s3Suite, whyNoS3Server } from './requirements.ts';
import { useS3, type S3 } from './use-s3.ts';

const at = (key: string, bucket = 'bucket') => ({ bucket, key });

describe.skipIf(cannotRun(s3Suite, await whyNoS3Server()))('objects on S3', () => {
  const s3 = useS3();
  let server: S3['server'];
  let store: S3['store'];
  const path = (name: string): string => s3().path(name);

  beforeAll(async () => {
    ({ server, store } = s3());
    await server.makeBucket('bucket');
  });
  afterEach(() => use(server.owner));

  function use(credentials: object): void {
    for (const [name, value] of Object.entries(credentials)) vi.stubEnv(name, String(value));
  }

  test('a file of several parts comes back with its bytes and its digest', async () => {
    // Two and a half parts, no two of them equal.
    const bytes = Buffer.alloc(20 << 20);
    for (let offset = 0; offset < bytes.byteLength; offset += 4) bytes.writeUInt32LE(offset, offset);
    const digest = digestOfBytes(bytes);
    await writeFile(path('large'), bytes);
    await store.upload(path('large'), at('large'), digest);
    expect(await store.facts(at('large'))).toEqual({ bytes: 20 << 20, digest });
    expect(await store.download(at('large'), path('back/large'), digest)).toBe(true);
    expect(digestOfBytes(await readFile(path('back/large')))).toBe(digest);
    expect(await readdir(path('back'))).toEqual(['large']);
  });

  test('an empty file is one, too', async () => {
    await writeFile(path('empty'), '');
    await store.upload(path('empty'), at('empty'));
    expect(await store.download(at('empty'), path('empty-back'))).toBe(true);
    expect(await readFile(path('empty-back'), 'utf8')).toBe('');
    expect(await store.read(at('empty'), 100)).toEqual(Buffer.alloc(0));
  });

  test('what is not there is undefined, and no file appears', async () => {
    expect(await store.read(at('nothing'))).toBeUndefined();
    expect(await store.facts(at('nothing'))).toBeUndefined();
    expect(await store.download(at('nothing'), path('none/file'))).toBe(false);
    expect(await readdir(path('none'))).toEqual([]);
  });

  test('an object with another digest is refused and not kept', async () => {
    await store.write(at('changed'), 'new');
    const download = store.download(at('changed'), path('old/file'), digestOfBytes('old'));
    await expect(download).rejects.toMatchObject({
      code: 'storage/changed',
      where: 's3://bucket/changed',
      message: expect.stringContaining(digestOfBytes('new')) as unknown,
    });
    expect(await readdir(path('old'))).toEqual([]);
  });

  test('of two who create an object at once, one does', async () => {
    const created = await Promise.all(['a', 'b', 'c', 'd'].map((text) => store.create(at('claim'), text)));
    expect(created.filter(Boolean)).toHaveLength(1);
    const winner = ['a', 'b', 'c', 'd'][created.indexOf(true)];
    expect((await store.read(at('claim')))?.toString()).toBe(winner);
  });

  test('a folder of more objects than a list has room for is listed and removed whole', async () => {
    const names = Array.from({ length: 1003 }, (_, index) => `n${String(index).padStart(4, '0')}`);
    for (let start = 0; start < names.length; start += 50) {
      await Promise.all(names.slice(start, start + 50).map((name) => store.write(at(`many/${name}`), '')));
    }
    await store.write(at('many/below/x'), 'kept');
    await store.write(at('many-more'), 'kept');
    expect(await store.names(at('many'))).toEqual({ files: names, folders: ['below'] });
    await store.remove(names.map((name) => at(`many/${name}`)));
    const left: string[] = [];
    for await (const { name } of store.list(at(''))) if (name.startsWith('many')) left.push(name);
    expect(left).toEqual(['many-more', 'many/below/x']);
  });

  test('a key with blanks and other letters is copied, digest and all', async () => {
    const digest = digestOfBytes('content');
    await writeFile(path('small'), 'content');
    await store.upload(path('small'), at('Grüße + 100%/a b'), digest);
    expect(await store.copy(at('Grüße + 100%/a b'), at('copy'), 7)).toBe(true);
    expect(await store.facts(at('copy'))).toEqual({ bytes: 7, digest });
  });

  describe('says what is wrong:', () => {
    const read = async (settings = server.settings, bucket = 'bucket'): Promise<unknown> => {
      using other = await openObjectStore(settings);
      return await other.read(at('any', bucket)).catch((error: unknown) => error);
    };

    test('a bucket that does not exist', async () => {
      const error = await read(server.settings, 'no-such-bucket');
      expect(error).toBeInstanceOf(InvalidInputError);
      expect(error).toMatchObject({
        code: 'storage/no-bucket',
        message: 'There is no bucket "no-such-bucket".',
        where: 's3://no-such-bucket/any',
      });
    });

    test.each([
      ['a key that nobody has', { AWS_ACCESS_KEY_ID: 'nobody' }, 'InvalidAccessKeyId'],
      ['a wrong secret', { AWS_SECRET_ACCESS_KEY: 'wrong' }, 'SignatureDoesNotMatch'],
      [
        'a lack of permission',
        { AWS_ACCESS_KEY_ID: 'stranger', AWS_SECRET_ACCESS_KEY: 'secret-of-stranger' },
        'AccessDenied',
      ],
    ])('%s', async (_, credentials, said) => {
      use(credentials);
      const error = await read();
      expect(error).toBeInstanceOf(InvalidInputError);
      expect(error).toMatchObject({
        code: 'storage/forbidden',
        message: expect.stringContaining(said) as unknown,
        hint: expect.stringContaining('AWS_SECRET_ACCESS_KEY') as unknown,
      });
    });

    test('another region', async () => {
      const error = await read({ ...server.settings, region: 'eu-central-1' });
      expect(error).toBeInstanceOf(InvalidInputError);
      expect(error).toMatchObject({ code: 'storage/wrong-region' });
    });

    test('no credentials at all, which may be there the next time', async () => {
      use({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' });
      use({ AWS_CONFIG_FILE: path('none'), AWS_SHARED_CREDENTIALS_FILE: path('none') });
      const error = await read();
      expect(error).not.toBeInstanceOf(InvalidInputError);
      expect(error).toMatchObject({ code: 'storage/no-credentials' });
    });

    test('a server that is down, which may be up the next time', async () => {
      const error = await read({ ...server.settings, endpoint: 'http://127.0.0.1:1' });
      expect(error).not.toBeInstanceOf(InvalidInputError);
      expect(error).toMatchObject({
        code: 'storage/unreachable',
        message: expect.stringContaining('http://127.0.0.1:1') as unknown,
      });
    });
  });

  describe('over a bad connection', () => {
    const digest = digestOfBytes('x'.repeat(3 << 20));
    const through = async (fault: Parameters<typeof startFaultyProxy>[1]) => {
      const proxy = await startFaultyProxy(server.settings.endpoint, fault);
      const client = await openObjectStore({ ...server.settings, endpoint: proxy.endpoint });
      return {
        proxy,
        store: client,
        [Symbol.asyncDispose]: async () => {
          client[Symbol.dispose]();
          await proxy[Symbol.asyncDispose]();
        },
      };
    };
    const times = (count: number, fault: Fault) => () => (count-- > 0 ? fault : undefined);
    const withObject = async (): Promise<void> => {
      await writeFile(path('object'), 'x'.repeat(3 << 20));
      await store.upload(path('object'), at('object'), digest);
    };

    test('a server that is too busy is asked again', async () => {
      await withObject();
      await using slow = await through(times(3, { status: 503, code: 'SlowDown' }));
      expect(await slow.store.facts(at('object'))).toMatchObject({ bytes: 3 << 20 });
      expect(slow.proxy.requests).toHaveLength(4);
    });

    test('one that stays broken is told after five tries', async () => {
      await using broken = await through(() => ({ status: 500, code: 'InternalError' }));
      await expect(broken.store.read(at('object'))).rejects.toMatchObject({ code: 'storage/unreachable' });
      expect(broken.proxy.requests).toHaveLength(5);
    });

    test('a download that breaks off goes on where it broke', async () => {
      await withObject();
      await using broken = await through(times(2, { breakAfterBytes: 1 << 20 }));
      await broken.store.download(at('object'), path('whole'), digest);
      expect((await readFile(path('whole'))).byteLength).toBe(3 << 20);
      expect(digestOfBytes(await readFile(path('whole')))).toBe(digest);
      const starts = broken.proxy.requests.map((request) => Number(/ bytes=(\d+)-$/.exec(request)?.[1] ?? 0));
      // What was on its way when the connection broke may be lost, but nothing that had arrived.
      expect(starts).toHaveLength(3);
      expect(starts[0]).toBe(0);
      expect(starts[1]).toBeGreaterThan(0);
      expect(starts[2]).toBeGreaterThan(starts[1] ?? 0);
    });

    test('a small object whose answer breaks off is read again', async () => {
      await store.write(at('small'), 'content');
      await using broken = await through(times(2, { breakAfterBytes: 3 }));
      expect((await broken.store.read(at('small')))?.toString()).toBe('content');
      await using dead = await through(() => ({ breakAfterBytes: 3 }));
      await expect(dead.store.read(at('small'))).rejects.toMatchObject({ code: 'storage/unreachable' });
    });

    test('one that gets no byte through ends with an error that is no bad input', async () => {
      await withObject();
      await using broken = await through(() => ({ breakAfterBytes: 0 }));
      const error = await broken.store
        .download(at('object'), path('never/object'))
        .catch((cause: unknown) => cause);
      expect(error).not.toBeInstanceOf(InvalidInputError);
      expect(error).toMatchObject({ code: 'storage/unreachable' });
      expect(await readdir(path('never'))).toEqual([]);
    });

    test('an object that is replaced in between is not pieced together', async () => {
      await withObject();
      let broke = false;
      await using broken = await through(() => {
        if (broke) return undefined;
        broke = true;
        return { breakAfterBytes: 1 << 20 };
      });
      const download = broken.store.download(at('object'), path('pieced'));
      await vi.waitUntil(() => broke);
      await store.write(at('object'), 'y'.repeat(3 << 20));
      await expect(download).rejects.toMatchObject({ code: 'storage/changed' });
    });

    test('an upload that breaks off is repeated', async () => {
      await writeFile(path('large'), Buffer.alloc(20 << 20, 7));
      await using busy = await through(({ method, url }) =>
        method === 'PUT' && url?.includes('partNumber=2') && busy.proxy.requests.length < 8
          ? { status: 500, code: 'InternalError' }
          : undefined,
      );
      await busy.store.upload(path('large'), at('large-2'));
      expect(await store.facts(at('large-2'))).toMatchObject({ bytes: 20 << 20 });
    });
  });

  describe('on a server that knows less', () => {
    const lacking = (isMeant: (request: { method?: string; url?: string; headers: object }) => boolean) =>
      startFaultyProxy(server.settings.endpoint, (request) =>
        isMeant(request as never) ? { status: 501, code: 'NotImplemented' } : undefined,
      );

    test('without conditional requests an object is created all the same, but not twice', async () => {
      await using proxy = await lacking(({ headers }) => 'if-none-match' in headers);
      using plain = await openObjectStore({ ...server.settings, endpoint: proxy.endpoint });
      expect(await plain.create(at('plain'), 'first')).toBe(true);
      expect(await plain.create(at('plain'), 'second')).toBe(false);
      expect((await plain.read(at('plain')))?.toString()).toBe('first');
    });

    test('without batches objects are removed one by one', async () => {
      await using proxy = await lacking(({ method }) => method === 'POST');
      using plain = await openObjectStore({ ...server.settings, endpoint: proxy.endpoint });
      for (const name of ['x', 'y']) await plain.write(at(`few/${name}`), '');
      await plain.remove([at('few/x'), at('few/y'), at('few/never')]);
      expect(await plain.names(at('few'))).toEqual({ files: [], folders: [] });
    });

    test('without copies it says so', async () => {
      await using proxy = await lacking(({ headers }) => 'x-amz-copy-source' in headers);
      using plain = await openObjectStore({ ...server.settings, endpoint: proxy.endpoint });
      await plain.write(at('source'), 'content');
      expect(await plain.copy(at('source'), at('target'), 7)).toBe(false);
    });
  });

  test('what is being read ends with the signal', async () => {
    await writeFile(path('object'), 'x'.repeat(3 << 20));
    await store.upload(path('object'), at('object'));
    const told = new AbortController();
    using ending = await openObjectStore(server.settings, { signal: told.signal });
    told.abort();
    await expect(ending.download(at('object'), path('ended/object'))).rejects.toMatchObject({
      name: 'AbortError',
    });
    await ending.write(at('written'), 'all the same');
    expect((await store.read(at('written')))?.toString()).toBe('all the same');
  });
});
