import type * as Sdk from '@aws-sdk/client-s3';
import { isNoSuchKey, statusOf } from './s3-error.ts';

const atOnce = 1000;

/** Removes objects in as few requests as the server knows how to. One that is not there is no error. */
export async function removeObjects(
  sdk: typeof Sdk,
  client: Sdk.S3Client,
  { bucket, keys }: { bucket: string; keys: readonly string[] },
): Promise<void> {
  const { DeleteObjectCommand, DeleteObjectsCommand } = sdk;
  for (let start = 0; start < keys.length; start += atOnce) {
    const batch = keys.slice(start, start + atOnce);
    if (batch.length > 1 && (await removeBatch(batch))) continue;
    for (const key of batch) await removeOne(key);
  }

  /** False where the server knows no such request, or wants a checksum that the SDK does not make. */
  async function removeBatch(batch: readonly string[]): Promise<boolean> {
    const Delete = { Objects: batch.map((key) => ({ Key: key })), Quiet: true };
    try {
      const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete }));
      // One by one, it will say what is wrong with it.
      return Errors.length === 0;
    } catch (error) {
      if (statusOf(error) === 501 || statusOf(error) === 400) return false;
      throw error;
    }
  }

  async function removeOne(key: string): Promise<void> {
    try {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    } catch (error) {
      if (!isNoSuchKey(error)) throw error;
    }
  }
}
