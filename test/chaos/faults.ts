/** What can go wrong with a request, and to which it can happen. */
const faults = {
  /** 409 in place of the write. */
  ConflictBefore: isWrite,
  /** 409 though the write was carried out. */
  ConflictAfter: isWrite,
  /** The connection is cut when the write was carried out, before the answer. */
  CutAfterWrite: isWrite,
  /** 410 in place of a watch or of a further page of a list. */
  Expired: (request) => isWatch(request) || /[?&]continue=/.test(request.url),
  /** An ERROR event of 410 in a watch that runs. */
  ExpiredInWatch: isWatch,
  /** The connection of a watch is cut. */
  CutWatch: isWatch,
  /** Nothing more comes on a watch, whose connection stays. */
  SilentWatch: isWatch,
  /** 429 with `Retry-After: 1`. */
  TooManyRequests: () => true,
  /** 500. */
  InternalError: () => true,
  /** 503. */
  Unavailable: () => true,
  /** 504. */
  GatewayTimeout: () => true,
  /** The answer comes late. */
  Slow: () => true,
  /** No answer comes at all. */
  NoAnswer: () => true,
} as const satisfies Readonly<Record<string, (request: FaultyRequest) => boolean>>;

export type Fault = keyof typeof faults;

interface FaultyRequest {
  readonly method: string;
  readonly url: string;
}

/** The probability of each fault for the requests to which it can happen. */
export type FaultRates = Readonly<Partial<Record<Fault, number>>>;

/** The fault that `chance`, in [0, 1), means for a request. */
export function drawFault(chance: number, rates: FaultRates, request: FaultyRequest): Fault | undefined {
  let left = chance;
  return (Object.keys(faults) as Fault[]).find((fault) => {
    if (!faults[fault](request)) return false;
    left -= rates[fault] ?? 0;
    return left < 0;
  });
}

/** Every fault with the same probability, but for those that cost a client its patience for minutes. */
export function evenRates(rate: number): FaultRates {
  const names = (Object.keys(faults) as Fault[]).filter((fault) => !slowest.has(fault));
  return Object.fromEntries(names.map((name) => [name, rate]));
}

const slowest: ReadonlySet<Fault> = new Set(['NoAnswer', 'SilentWatch']);

function isWrite({ method }: FaultyRequest): boolean {
  return method !== 'GET';
}

function isWatch({ method, url }: FaultyRequest): boolean {
  return method === 'GET' && /[?&]watch=(?:true|1)/.test(url);
}
