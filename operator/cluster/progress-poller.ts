import { progressSchema, type Progress } from '../../worker/contract/progress.ts';
import { progressPort } from '../../worker/contract/pod.ts';
import { sleep, type Clock } from '../kube/clock.ts';
import type { ChildPod } from './children.ts';

export interface ProgressPollerOptions {
  readonly clock: Clock;
  /** All pods of all jobs. */
  pods(): readonly ChildPod[];
  /** Answers what is at a URL, or undefined; for tests. */
  fetchText?(url: string, signal: AbortSignal): Promise<string | undefined>;
}

const lookSeconds = 1;
const atOnce = 64;
const timeoutSeconds = 1;
/** Between two questions to a pod that answers, and at most to one that doesn't. */
const shortestSeconds = 15;
const longestSeconds = 600;
/** A progress has at most 128 blocks. */
const longestAnswer = 256 * 1024;

interface Asked {
  readonly next: number;
  readonly wait: number;
}

/**
 * Asks running workers how far they are. Whoever can't be reached, because a network policy is in between or the operator
 * runs outside of the cluster, is asked less and less: it costs the figures of progress and nothing else.
 */
export class ProgressPoller {
  readonly #options: ProgressPollerOptions;
  readonly #progress = new Map<string, Progress>();
  readonly #asked = new Map<string, Asked>();

  constructor(options: ProgressPollerOptions) {
    this.#options = options;
  }

  /** By the UID of the pod. */
  get progress(): ReadonlyMap<string, Progress> {
    return this.#progress;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.askAll(signal);
      await sleep(this.#options.clock, lookSeconds, signal).catch(() => undefined);
    }
  }

  /** One round: everyone whose turn it is. */
  async askAll(signal: AbortSignal): Promise<void> {
    const { pods, clock } = this.#options;
    const running = pods().filter(({ phase, address }) => phase === 'Running' && address !== undefined);
    this.#forgetAllBut(new Set(running.map(({ metadata }) => metadata.uid)));
    const now = clock.seconds();
    const due = running.filter(({ metadata }) => (this.#asked.get(metadata.uid)?.next ?? 0) <= now);
    for (let first = 0; first < due.length && !signal.aborted; first += atOnce) {
      await Promise.all(due.slice(first, first + atOnce).map(async (pod) => await this.#ask(pod, signal)));
    }
  }

  async #ask({ metadata: { uid }, address = '' }: ChildPod, signal: AbortSignal): Promise<void> {
    const { fetchText = fetchWithin, clock } = this.#options;
    const host = address.includes(':') ? `[${address}]` : address;
    const text = await fetchText(`http://${host}:${progressPort}/progress`, signal);
    const progress = text === undefined ? undefined : parsed(text);
    // The address may be another pod's by now.
    if (progress?.attempt === uid) this.#progress.set(uid, progress);
    const before = this.#asked.get(uid)?.wait ?? shortestSeconds / 2;
    const wait = text === undefined ? Math.min(longestSeconds, before * 2) : shortestSeconds;
    this.#asked.set(uid, { wait, next: clock.seconds() + wait });
  }

  #forgetAllBut(uids: ReadonlySet<string>): void {
    for (const known of [this.#progress, this.#asked]) {
      for (const uid of known.keys()) if (!uids.has(uid)) known.delete(uid);
    }
  }
}

function parsed(text: string): Progress | undefined {
  try {
    return progressSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whatever goes wrong, there is no progress to show, and that is all. */
export async function fetchWithin(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
    const response = await fetch(url, { signal: timeout, redirect: 'error' });
    const text = await textWithin(response, longestAnswer);
    if (response.status === 204) return '';
    return response.ok ? text : undefined;
  } catch {
    return undefined;
  }
}

/** @throws when it is longer: no worker says that much */
async function textWithin({ body }: Response, most: number): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > most) throw new Error('too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
