import { InvalidInputError } from '../error.ts';
import { ObjectStore } from './object-store.ts';

/** `spec.storage.s3`, as far as a client needs it. */
export interface S3Settings {
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly forcePathStyle: boolean;
}

const secondsToConnect = 10;
/** Without a byte from the server, the time in which a large copy on the server must answer included. */
const secondsIdle = 120;
/** Tries of one request: the first and four more, after 0.1 to 20 seconds, longer with each; 503 SlowDown counts, too. */
const maxAttempts = 5;

/**
 * A client for S3 with the SDK's own chain of credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN,
 * the shared files of the AWS tools, a web identity, the instance.
 *
 * The SDK is loaded here and not before: a job without S3 does not wait for it.
 *
 * @throws InvalidInputError `storage/bad-endpoint`
 * @param options.signal ends what is being read; what is being written is always finished, since a checkpoint is
 *   committed after the worker was told to stop
 * @param options.field the field of the manifest that the objects belong to, for messages
 */
export async function openObjectStore(
  settings: S3Settings,
  options: { readonly signal?: AbortSignal | undefined; readonly field?: string | undefined } = {},
): Promise<ObjectStore> {
  const { endpoint } = settings;
  if (endpoint !== undefined && !/^https?:\/\/[^/]/.test(endpoint)) {
    throw new InvalidInputError('storage/bad-endpoint', `"${endpoint}" is no address of an S3 server.`, {
      where: 'spec.storage.s3.endpoint',
      hint: 'Write it with its scheme, such as https://minio.storage.svc:9000.',
    });
  }
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    region: settings.region,
    forcePathStyle: settings.forcePathStyle,
    maxAttempts,
    retryMode: 'standard',
    // Many servers don't know the checksums of 2024 that the SDK would add; bytes are covered by the signature or by TLS.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: secondsToConnect * 1000, socketTimeout: secondsIdle * 1000 },
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  return new ObjectStore({ sdk, client, endpoint, ...options });
}
