import { BlockstillError, type ErrorCode } from '../../common/error.ts';

/** What the API answers in place of an object: `meta/v1` Status. */
export interface ApiStatus {
  readonly kind: 'Status';
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly {
      readonly reason?: string;
      readonly message?: string;
      readonly field?: string;
    }[];
  };
}

const codeOfReason: Readonly<Record<string, ErrorCode>> = {
  Unauthorized: 'cluster/unauthorized',
  Forbidden: 'cluster/forbidden',
  NotFound: 'cluster/not-found',
  AlreadyExists: 'cluster/already-exists',
  Conflict: 'cluster/conflict',
  Gone: 'cluster/expired',
  Expired: 'cluster/expired',
  Invalid: 'cluster/invalid',
  BadRequest: 'cluster/bad-request',
  TooManyRequests: 'cluster/too-many-requests',
};

const reasonOfCode: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

const hints: Readonly<Record<string, string>> = {
  Unauthorized: 'The credentials were not accepted: are they expired, or meant for another cluster?',
  Forbidden: 'Grant this to the service account or user; the chart has the roles that are needed.',
};

export interface ApiErrorOptions {
  /** The HTTP status. */
  readonly httpStatus: number;
  readonly status: ApiStatus | undefined;
  /** Seconds that the server asks to wait. */
  readonly retryAfterSeconds?: number | undefined;
  /** The request: `PATCH /api/...`. */
  readonly where: string;
  /** What was answered where that is no Status: a proxy's page. */
  readonly text?: string;
}

/** The API server, or something in front of it, refused a request. */
export class ApiError extends BlockstillError {
  override readonly name = 'ApiError';
  readonly httpStatus: number;
  /** As in the Status, or what its HTTP status means: `NotFound`, `Conflict`, ... */
  readonly reason: string;
  readonly status: ApiStatus | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor({ httpStatus, status, retryAfterSeconds, where, text }: ApiErrorOptions) {
    const reason = status?.reason || (reasonOfCode[httpStatus] ?? 'Unknown');
    const said = status?.message ?? text?.trim().slice(0, 300);
    const message = `The cluster answered ${httpStatus} ${reason}${said ? `: ${said}` : ''}`;
    super(codeOfReason[reason] ?? 'cluster/api-error', message, { where, hint: hints[reason] });
    this.httpStatus = httpStatus;
    this.reason = reason;
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds ?? status?.details?.retryAfterSeconds;
  }
}

/** Whether the API refused for this reason. */
export function isApiError(error: unknown, ...reasons: readonly string[]): error is ApiError {
  return error instanceof ApiError && reasons.includes(error.reason);
}

/** The resource version asked for is no longer kept: everything must be listed again. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.httpStatus === 410 || isApiError(error, 'Expired', 'Gone'));
}

/**
 * Whether the very object that was asked for is missing. A 404 that doesn't name it means something else: the resource
 * itself is unknown, as when its definition is not installed.
 */
export function isMissingObject(error: unknown, name: string): boolean {
  return isApiError(error, 'NotFound') && error.status?.details?.name === name;
}

/** The Status in a parsed answer, if it is one. */
export function asApiStatus(value: unknown): ApiStatus | undefined {
  const isStatus = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
  return isStatus ? (value as ApiStatus) : undefined;
}
