import { BlockstillError } from '../../common/error.ts';

/** The request got no answer. */
export class ConnectionError extends BlockstillError {
  override readonly name = 'ConnectionError';
  /** Whether the server may have got the request, and carried it out. */
  readonly mayHaveArrived: boolean;

  constructor(where: string, cause: Error) {
    const code = codeOf(cause);
    const untrusted = code !== undefined && untrustedCodes.test(code);
    super(
      untrusted ? 'cluster/untrusted' : 'cluster/unreachable',
      untrusted
        ? `The cluster's certificate is not trusted: ${cause.message}`
        : `The cluster did not answer: ${cause.message || code}`,
      {
        where,
        cause,
        hint: untrusted
          ? 'Is this the right server, and certificate-authority the one that signed its certificate?'
          : 'Is this the right cluster (kubeconfig and context), and can it be reached from here?',
      },
    );
    this.mayHaveArrived = !untrusted && (code === undefined || !neverArrivedCodes.has(code));
  }
}

const untrustedCodes = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/;

/** What goes wrong before a byte of the request is sent. */
const neverArrivedCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error.cause);
}
