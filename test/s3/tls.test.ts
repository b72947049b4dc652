import { readFile, writeFile } from 'node:fs/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { digestOfBytes } from '../../common/digest.ts';
import { openObjectStore } from '../../common/s3/open-object-store.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { s3Suite, whyNoS3Server } from './requirements.ts';
import { useS3 } from './use-s3.ts';

describe.skipIf(cannotRun(s3Suite, await whyNoS3Server()))('S3 over TLS', () => {
  const s3 = useS3({ tls: true });

  test('small and large objects go there and back, and a claim is made once', async () => {
    const bucket = await s3().bucketWith({ small: 'content' });
    expect((await s3().store.read({ bucket, key: 'small' }))?.toString()).toBe('content');
    const bytes = Buffer.alloc(20 << 20, 'large');
    await writeFile(s3().path('large'), bytes);
    await s3().store.upload(s3().path('large'), { bucket, key: 'large' });
    await s3().store.download({ bucket, key: 'large' }, s3().path('back'));
    expect(digestOfBytes(await readFile(s3().path('back')))).toBe(digestOfBytes(bytes));
    expect(await s3().store.create({ bucket, key: 'claim' }, 'first')).toBe(true);
    expect(await s3().store.create({ bucket, key: 'claim' }, 'second')).toBe(false);
  });

  test('a certificate that nobody vouches for is told as such', async () => {
    const bucket = await s3().bucketWith({});
    const trusted = getCACertificates();
    setDefaultCACertificates(getCACertificates('bundled'));
    try {
      using store = await openObjectStore(s3().server.settings);
      await expect(store.read({ bucket, key: 'any' })).rejects.toMatchObject({
        code: 'storage/unreachable',
        hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') as unknown,
      });
    } finally {
      setDefaultCACertificates(trusted);
    }
  });
});
