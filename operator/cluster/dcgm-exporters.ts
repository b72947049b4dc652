import { EnergyTrack } from '../accounting/energy-track.ts';
import type { NodeWide } from '../decide/observed.ts';
import { sleep, type Clock } from '../kube/clock.ts';
import { dcgmFigures, type DcgmFigures } from './dcgm-figures.ts';
import { describeFailure } from './describe-failure.ts';
import { fetchText, type FetchedText } from './fetch-text.ts';

export interface DcgmExportersOptions {
  readonly clock: Clock;
  /** With `{node-ip}` or `{node-name}` in it. */
  readonly url: string;
  /** Said when an exporter that was well, or is new, can't be used. */
  readonly onProblem: (problem: string) => void;
  /** How long an exporter may take; for tests. */
  readonly answerSeconds?: number;
}

const lookSeconds = 1;
const atOnce = 64;
/** Exporters read their cards every 30 seconds unless told otherwise; what is new is seen soon. */
const pollSeconds = 10;
/** Between two questions to an exporter that does not answer. */
const mostWaitSeconds = 60;
const gapSeconds = 90;
/** Sixteen cards with all the metrics there are take half of it. */
const mostBytes = 4 * 1024 * 1024;

interface Card {
  readonly track: EnergyTrack;
  readonly model: string | undefined;
}

interface WatchedNode {
  readonly name: string;
  address: string;
  next: number;
  wait: number;
  readonly cards: Map<string, Card>;
  /** Why its exporter could not be used the last time, as a sentence. */
  problem: string | undefined;
}

/**
 * Sees all GPUs of the nodes on which units run, by the DCGM exporters there: in the background, in memory, and only as long
 * as the jobs last. An operator that begins anew has not seen what was before.
 */
export class DcgmExporters {
  readonly #options: DcgmExportersOptions;
  readonly #nodes = new Map<string, WatchedNode>();
  /** Names of nodes, by the UID of the job. */
  readonly #jobs = new Map<string, ReadonlySet<string>>();

  constructor(options: DcgmExportersOptions) {
    this.#options = options;
  }

  /**
   * What is seen for a job. Whatever nodes are named here are looked at from now on, until the job is forgotten.
   *
   * @param nodes their addresses, by name: those on which units of the job have a GPU, or had one
   */
  observe(jobUid: string, nodes: ReadonlyMap<string, string>): NodeWide {
    const names = new Set([...(this.#jobs.get(jobUid) ?? []), ...nodes.keys()]);
    this.#jobs.set(jobUid, names);
    for (const [name, address] of nodes) this.#watch(name, address);
    const watched = [...names].flatMap((name) => this.#nodes.get(name) ?? []);
    return {
      devices: watched.flatMap(({ name, cards }) =>
        [...cards].map(([device, { track, model }]) => ({
          device,
          kind: 'GPU' as const,
          node: name,
          ...(model === undefined ? {} : { model }),
          power: track,
        })),
      ),
      reserved: [],
      problems: watched.flatMap(({ problem }) => problem ?? []),
    };
  }

  /** The job is over or gone: nodes that no other one needs are not looked at any more. */
  forget(jobUid: string): void {
    this.#jobs.delete(jobUid);
    const needed = new Set([...this.#jobs.values()].flatMap((names) => [...names]));
    for (const name of this.#nodes.keys()) if (!needed.has(name)) this.#nodes.delete(name);
  }

  /** How many samples are kept. */
  get size(): number {
    const cards = [...this.#nodes.values()].flatMap((node) => [...node.cards.values()]);
    return cards.reduce((total, { track }) => total + track.size, 0);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.pollAll(signal);
      await sleep(this.#options.clock, lookSeconds, signal).catch(() => undefined);
    }
  }

  /** One round: every exporter whose turn it is. */
  async pollAll(signal: AbortSignal): Promise<void> {
    const now = this.#options.clock.seconds();
    const due = [...this.#nodes.values()].filter(({ next }) => next <= now);
    for (let first = 0; first < due.length && !signal.aborted; first += atOnce) {
      await Promise.all(due.slice(first, first + atOnce).map(async (node) => await this.#poll(node, signal)));
    }
  }

  #watch(name: string, address: string): void {
    const node = this.#nodes.get(name);
    if (node !== undefined) node.address = address;
    else {
      const fresh = { next: -Infinity, wait: pollSeconds / 2, cards: new Map(), problem: undefined };
      this.#nodes.set(name, { name, address, ...fresh });
    }
  }

  async #poll(node: WatchedNode, signal: AbortSignal): Promise<void> {
    const { clock, answerSeconds = 5 } = this.#options;
    const url = this.#urlOf(node);
    const asked = clock.now().getTime();
    const answer = await fetchText(url, { seconds: answerSeconds, bytes: mostBytes }, signal);
    if (signal.aborted) return;
    const seconds = (asked + clock.now().getTime()) / 2000;
    const failure = failureOf(answer, (figures) => takeUp(node.cards, figures, seconds));
    node.wait = failure === undefined ? pollSeconds : Math.min(mostWaitSeconds, node.wait * 2);
    node.next = clock.seconds() + node.wait;
    const before = node.problem;
    node.problem =
      failure === undefined
        ? undefined
        : `The DCGM exporter of node ${node.name} can't be used: ${url}: ${failure}.`;
    if (before === undefined && node.problem !== undefined) this.#options.onProblem(node.problem);
  }

  #urlOf({ name, address }: WatchedNode): string {
    const host = address.includes(':') ? `[${address}]` : address;
    return this.#options.url.replaceAll('{node-ip}', host).replaceAll('{node-name}', name);
  }
}

function failureOf(
  answer: FetchedText,
  use: (figures: ReadonlyMap<string, DcgmFigures>) => void,
): string | undefined {
  if ('failure' in answer) return answer.failure;
  try {
    use(dcgmFigures(answer.text));
    return undefined;
  } catch (error) {
    return describeFailure(error);
  }
}

/** Whichever figure a card has first is the one that counts: the two can't be told from each other later. */
function takeUp(cards: Map<string, Card>, figures: ReadonlyMap<string, DcgmFigures>, seconds: number): void {
  for (const [uuid, { model, joules, watts }] of figures) {
    const method = joules === undefined ? 'SampledPower' : 'Counter';
    const card = cards.get(uuid) ?? { track: new EnergyTrack({ method, longestSeconds: gapSeconds }), model };
    cards.set(uuid, card);
    const { track } = card;
    if (track.method === 'Counter' && joules !== undefined) track.add({ seconds, joules });
    if (track.method === 'SampledPower' && watts !== undefined) track.add({ seconds, watts });
  }
}
