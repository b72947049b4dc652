import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type * as Sdk from '@aws-sdk/client-s3';

/** The parts of an upload; up to four of them are in memory and on their way at once. */
const partBytes = 8 << 20;
const maxParts = 10_000;

/** Uploads a file by one request, or in parts when it is large. */
export async function uploadFile(
  sdk: typeof Sdk,
  client: Sdk.S3Client,
  { params, path }: { params: Omit<Sdk.PutObjectCommandInput, 'Body'>; path: string },
): Promise<void> {
  const { size } = await stat(path);
  if (size <= partBytes) {
    const body = { Body: await readFile(path), ContentLength: size };
    await client.send(new sdk.PutObjectCommand({ ...params, ...body }));
    return;
  }
  const { Upload } = await import('@aws-sdk/lib-storage');
  const partSize = Math.max(partBytes, Math.ceil(size / maxParts));
  await new Upload({ client, params: { ...params, Body: createReadStream(path) }, partSize }).done();
}
