import type * as Sdk from '@aws-sdk/client-s3';
import { statusOf } from './s3-error.ts';

/** Tries of an answer that breaks off; each request is repeated by the SDK besides. */
const maxTries = 5;

/** The bytes that a request for a small object, or for a part of one, is answered with. */
export async function readObject(
  sdk: typeof Sdk,
  client: Sdk.S3Client,
  { params, abortSignal }: { params: Sdk.GetObjectCommandInput; abortSignal?: AbortSignal },
): Promise<Buffer> {
  try {
    for (let tries = 1; ; tries++) {
      const command = new sdk.GetObjectCommand(params);
      const answer = await client.send(command, abortSignal === undefined ? {} : { abortSignal });
      const bytes = await answer.Body?.transformToByteArray().catch((error: unknown) => {
        if (tries === maxTries) throw error;
      });
      if (bytes !== undefined) return Buffer.from(bytes);
    }
  } catch (error) {
    // An empty object has no first bytes.
    if (statusOf(error) === 416) return Buffer.alloc(0);
    throw error;
  }
}
