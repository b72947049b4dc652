import { BlockstillError, InvalidInputError, type ErrorCode } from '../error.ts';

/** What was being done when a request failed, for the sentence. */
export interface S3Place {
  /** `s3://bucket/key`, after the field of the manifest where there is one. */
  readonly where: string;
  readonly bucket: string;
  readonly endpoint: string | undefined;
}

interface Mistake {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  /** Every later attempt would fail in the same way, until somebody changes something. */
  readonly lasting: boolean;
}

const untrusted = new Set([
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const unreachableCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
]);

/**
 * An error of the SDK as a sentence.
 *
 * Wrong names, refused credentials and missing permissions are bad input (exit code 64): repeating the same request three
 * times only hides the reason for minutes, and `retry` reopens the job once it is mended. A network or a server that is
 * down, credentials that have run out, and a chain of providers that gives none just now (it may have to ask a service)
 * are failures, which the next attempt may not see (exit code 1).
 */
export function asS3Error(error: unknown, place: S3Place): unknown {
  if (!(error instanceof Error) || error instanceof BlockstillError || error.name === 'AbortError')
    return error;
  const mistake = mistakeOf(error, place);
  if (mistake === undefined) return error;
  const { code, message, hint, lasting } = mistake;
  const context = { where: place.where, hint, cause: error };
  return lasting
    ? new InvalidInputError(code, message, context)
    : new BlockstillError(code, message, context);
}

/** Whether the server says that there is no such object; a bucket that does not exist is another matter. */
export function isNoSuchKey(error: unknown): boolean {
  return statusOf(error) === 404 && !(error instanceof Error && error.name === 'NoSuchBucket');
}

export function statusOf(error: unknown): number | undefined {
  const metadata =
    error instanceof Error && '$metadata' in error
      ? (error.$metadata as { httpStatusCode?: number })
      : undefined;
  return metadata?.httpStatusCode;
}

function mistakeOf(error: Error, place: S3Place): Mistake | undefined {
  const status = statusOf(error);
  // The answer to HEAD has no body that could say more.
  const said = error.message === 'UnknownError' ? `status ${status}` : `${error.name}: ${error.message}`;
  switch (error.name) {
    case 'NoSuchBucket':
      return {
        code: 'storage/no-bucket',
        message: `There is no bucket "${place.bucket}".`,
        hint: 'Check its name in the URI, and spec.storage.s3.endpoint; Blockstill makes no buckets.',
        lasting: true,
      };
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return {
        code: 'storage/wrong-region',
        message: `The bucket "${place.bucket}" lies in another region (${said}).`,
        hint: 'Set spec.storage.s3.region to the region of the bucket.',
        lasting: true,
      };
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'RequestTimeTooSkewed':
      return {
        code: 'storage/expired-credentials',
        message: `The credentials have run out, or a clock is wrong (${said}).`,
        hint: 'Put fresh ones into the Secret of spec.storage.s3.credentialsSecretName; the next attempt reads it.',
        lasting: false,
      };
    case 'CredentialsProviderError':
      return {
        code: 'storage/no-credentials',
        message: `There are no credentials for S3 (${error.message}).`,
        hint:
          'In a cluster name a Secret in spec.storage.s3.credentialsSecretName, or give the service account a role; ' +
          'in a local run set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
        lasting: false,
      };
  }
  if (status === 403 || status === 401) {
    return {
      code: 'storage/forbidden',
      message: `The S3 server refuses the request (${said}).`,
      hint:
        'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that they may list the bucket and get, put and delete ' +
        'there: without the right to list, an object that is missing is refused like this, too.',
      lasting: true,
    };
  }
  if (untrusted.has(codeOf(error))) {
    return {
      code: 'storage/unreachable',
      message: `The certificate of the S3 server ${place.endpoint ?? 'of AWS'} is not trusted (${said}).`,
      hint: 'Name a file with the certificate of its authority in NODE_EXTRA_CA_CERTS (spec.pod.env), or mend it.',
      lasting: false,
    };
  }
  if (isUnreachable(error, status)) {
    return {
      code: 'storage/unreachable',
      message: `The S3 server ${place.endpoint ?? 'of AWS'} can't be reached or is overloaded (${said}).`,
      hint: 'Check spec.storage.s3.endpoint and the network; five tries were made.',
      lasting: false,
    };
  }
  if (status === undefined) return undefined;
  return {
    code: 'storage/s3',
    message: `The S3 server answered ${status} (${said}).`,
    hint: 'Check that the server at spec.storage.s3.endpoint speaks S3, and forcePathStyle.',
    lasting: false,
  };
}

function isUnreachable(error: Error, status: number | undefined): boolean {
  if (unreachableCodes.has(codeOf(error)) || error.name === 'TimeoutError' || error.message === 'aborted')
    return true;
  return status !== undefined && (status >= 500 || status === 429) && status !== 501;
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
