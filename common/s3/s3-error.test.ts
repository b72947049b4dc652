import { expect, test } from 'vitest';
import { BlockstillError, InvalidInputError } from '../error.ts';
import { asS3Error, isNoSuchKey } from './s3-error.ts';

const place = { where: 's3://bucket/key', bucket: 'bucket', endpoint: 'https://minio:9000' };

function sdkError(name: string, status?: number, code?: string): Error {
  const error = Object.assign(new Error('The server said so.'), status === undefined ? {} : answered(status));
  error.name = name;
  return Object.assign(error, code === undefined ? {} : { code });
}

function answered(status: number): object {
  return { $metadata: { httpStatusCode: status } };
}

test.each([
  ['NoSuchBucket', 404, 'storage/no-bucket', true],
  ['AccessDenied', 403, 'storage/forbidden', true],
  ['Unauthorized', 401, 'storage/forbidden', true],
  ['PermanentRedirect', 301, 'storage/wrong-region', true],
  ['ExpiredToken', 400, 'storage/expired-credentials', false],
  ['RequestTimeTooSkewed', 403, 'storage/expired-credentials', false],
  ['CredentialsProviderError', undefined, 'storage/no-credentials', false],
  ['SlowDown', 503, 'storage/unreachable', false],
  ['TooManyRequests', 429, 'storage/unreachable', false],
  ['TimeoutError', undefined, 'storage/unreachable', false],
  ['EntityTooLarge', 400, 'storage/s3', false],
  ['NotImplemented', 501, 'storage/s3', false],
] as const)('%s with status %s is %s; bad input: %s', (name, status, code, bad) => {
  const error = asS3Error(sdkError(name, status), place);
  expect(error).toMatchObject({
    code,
    where: 's3://bucket/key',
    hint: expect.stringMatching(/\.$/) as unknown,
  });
  expect(error instanceof InvalidInputError).toBe(bad);
});

test.each(['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', 'SELF_SIGNED_CERT_IN_CHAIN'])(
  '%s is a server that can not be reached, by its address',
  (code) => {
    const error = asS3Error(sdkError('Error', undefined, code), place);
    expect(error).toMatchObject({ code: 'storage/unreachable' });
    expect((error as Error).message).toContain('https://minio:9000');
  },
);

test('what is no answer of S3 stays what it is', () => {
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const told = new BlockstillError('storage/changed', 'It was changed.');
  const aborted = sdkError('AbortError');
  for (const error of [full, told, aborted, 'text']) expect(asS3Error(error, place)).toBe(error);
});

test('a bucket that is missing is no object that is missing', () => {
  expect(isNoSuchKey(sdkError('NoSuchKey', 404))).toBe(true);
  expect(isNoSuchKey(sdkError('NotFound', 404))).toBe(true);
  expect(isNoSuchKey(sdkError('NoSuchBucket', 404))).toBe(false);
  expect(isNoSuchKey(sdkError('AccessDenied', 403))).toBe(false);
});
