import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOfBytes } from '../../common/digest.ts';
import { openObjectStore } from '../../common/s3/open-object-store.ts';
import { S3Exchange } from '../../worker/exchange/s3-exchange.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { s3Suite, whyNoS3Server } from './requirements.ts';
import { useS3 } from './use-s3.ts';

describe.skipIf(cannotRun(s3Suite, await whyNoS3Server()))('an exchange on S3', () => {
  // Of objects that are larger, as those above 5 GiB are elsewhere, the server makes no copies.
  const s3 = useS3({ copyLimitBytes: 10 });

  async function open(bucket: string, attempt: string): Promise<S3Exchange> {
    await mkdir(s3().path('scratch'), { recursive: true });
    return S3Exchange.open({
      location: { bucket, key: 'jobs/small' },
      store: await openObjectStore(s3().server.settings),
      scratch: s3().path('scratch'),
      writable: `unit-000/${attempt}`,
    });
  }

  /** Writes a file into the mirror, offers it, and gives what a result would say of it. */
  async function make(exchange: S3Exchange, path: string, content: string) {
    const local = join(exchange.root, path);
    await mkdir(dirname(local), { recursive: true });
    await writeFile(local, content);
    const digest = digestOfBytes(content);
    await exchange.offer(path, digest);
    return { path, bytes: content.length, digest };
  }

  test('shows what one attempt has made to the next, whose mirror begins empty', async () => {
    const bucket = await s3().bucketWith({});
    await using first = await open(bucket, 'a1');
    const made = await make(first, 'unit-000/a1/block.bin', 'weights');
    await using second = await open(bucket, 'a2');
    expect(await second.folders('unit-000')).toEqual(['a1']);
    expect(await second.isIntact(made.path, made)).toBe(true);
    expect((await second.readStart(made.path, 3))?.toString()).toBe('wei');
    const path = await second.fetch(made.path, made.digest);
    expect(path).not.toBe(join(first.root, made.path));
    expect(await readFile(path, 'utf8')).toBe('weights');
  });

  test('nothing of its mirror is left when it is closed', async () => {
    const exchange = await open(await s3().bucketWith({}), 'a1');
    await make(exchange, 'unit-000/a1/block.bin', 'weights');
    await exchange[Symbol.asyncDispose]();
    await expect(readFile(join(exchange.root, 'unit-000/a1/block.bin'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  test('an attempt writes below its own prefix and nowhere else', async () => {
    const bucket = await s3().bucketWith({});
    await using exchange = await open(bucket, 'a1');
    await expect(make(exchange, 'unit-000/a10/block.bin', 'weights')).rejects.toThrow('another attempt');
    expect(await s3().keys(bucket)).toEqual([]);
  });

  test('a file that was replaced is not intact, with or without a digest beside it', async () => {
    const bucket = await s3().bucketWith({});
    await using first = await open(bucket, 'a1');
    const made = await make(first, 'unit-000/a1/block.bin', 'weights');
    const object = { bucket, key: 'jobs/small/unit-000/a1/block.bin' };
    // As a tool copies it that knows nothing of digests.
    await s3().store.write(object, 'weights');
    await using second = await open(bucket, 'a2');
    expect(await second.isIntact(made.path, made)).toBe(true);
    for (const content of ['WEIGHTS', 'longer than before']) {
      await s3().store.write(object, content);
      await using later = await open(bucket, 'a3');
      expect(await later.isIntact(made.path, made)).toBe(false);
      await expect(later.fetch(made.path, made.digest)).rejects.toMatchObject({ code: 'storage/changed' });
    }
    await s3().store.remove([object]);
    await using last = await open(bucket, 'a4');
    expect(await last.isIntact(made.path, made)).toBe(false);
    expect(await last.find(made.path)).toBeUndefined();
    await expect(last.fetch(made.path)).rejects.toMatchObject({ code: 'storage/changed' });
  });

  test.each([
    ['small enough for the server to copy', 'weights'],
    ['too large for that', 'weights of many bytes'],
  ])('a committed file that is %s gets a second place', async (_, content) => {
    const bucket = await s3().bucketWith({});
    await using first = await open(bucket, 'a1');
    const made = await make(first, 'unit-000/a1/block.bin', content);
    await using second = await open(bucket, 'a2');
    await second.adopt(made.path, 'unit-000/a2/block.bin', made);
    await using third = await open(bucket, 'a3');
    expect(await third.isIntact('unit-000/a2/block.bin', made)).toBe(true);
    expect(await s3().store.facts({ bucket, key: 'jobs/small/unit-000/a2/block.bin' })).toEqual({
      bytes: content.length,
      digest: made.digest,
    });
  });

  test('of an adopted file the bytes can be had, too', async () => {
    const bucket = await s3().bucketWith({});
    await using first = await open(bucket, 'a1');
    const made = await make(first, 'unit-000/a1/plan.json', 'the plan');
    await using second = await open(bucket, 'a2');
    await second.adopt(made.path, 'unit-000/a2/plan.json', made);
    expect(await readFile(await second.fetch('unit-000/a2/plan.json', made.digest), 'utf8')).toBe('the plan');
  });

  test('a folder that nobody has made is empty', async () => {
    await using exchange = await open(await s3().bucketWith({}), 'a1');
    expect(await exchange.folders('finetune')).toEqual([]);
  });

  test('clearing takes data and checkpoints of all attempts, and no other job’s', async () => {
    const kept = [
      'jobs/small-other/prepare/a/data/train-0.bin',
      'jobs/small/finetune/a/student/model.json',
      'jobs/small/prepare/a/plan.json',
      'jobs/small/unit-000/a/result.json',
    ];
    const gone = [
      'jobs/small/prepare/a/data/train-0.bin',
      'jobs/small/prepare/b/data/index.json',
      'jobs/small/unit-000/a/checkpoint.safetensors',
    ];
    const bucket = await s3().bucketWith(Object.fromEntries([...kept, ...gone].map((key) => [key, ''])));
    await using exchange = await open(bucket, 'a1');
    await exchange.clear();
    await exchange.clear();
    expect(await s3().keys(bucket)).toEqual(kept.toSorted());
  });
});
