import { randomStream } from '../../common/random.ts';
import { sleep, type Clock } from '../../operator/kube/clock.ts';
import { exitCode } from '../../worker/contract/exit-code.ts';
import { encodeUnitMessage, type UnitMessage } from '../../worker/contract/unit-message.ts';
import { unitSpecSchema, type UnitSpec } from '../../worker/contract/unit-spec.ts';
import { pretendMessage } from './pretend-results.ts';

/** One time that a worker really trained. */
export interface TrainingRun {
  readonly jobUid: string;
  readonly unit: string;
  /** What was trained: a result counts for it alone. */
  readonly work: string;
  readonly podUid: string;
  readonly start: Date;
  readonly end?: Date;
  readonly outcome: 'Running' | 'Committed' | 'Interrupted' | 'Failed';
  /** The reference of what was committed. */
  readonly message?: UnitMessage;
}

export interface PretendWorkerOptions {
  readonly clock: Clock;
  readonly seed: number;
  /** The names of the blocks in every plan. */
  readonly blocks: readonly string[];
  /** The shortest and the longest time that a unit trains. */
  readonly trainingSeconds: readonly [number, number];
  /** Holds a trained unit back before it is committed; rejects when the signal is aborted before. */
  readonly gate?: ((unit: UnitSpec, signal: AbortSignal) => Promise<void>) | undefined;
}

export interface WorkOptions {
  readonly signal: AbortSignal;
  /** The share of the training after which it dies without having committed. */
  readonly diesAt?: number | undefined;
}

/** How a container ends. */
export interface Ending {
  readonly exitCode: number;
  readonly message: string;
}

/** Reading a result again instead of training. */
const repeatSeconds = 0.005;

/**
 * What runs in all pods, and the storage between them: units train for a while that the seed decides, and a committed
 * unit is never trained again. It outlives pods, operators and API servers.
 */
export class PretendWorker {
  /** Every time that something was trained, in the order of their starts. */
  readonly ledger: TrainingRun[] = [];
  readonly #options: PretendWorkerOptions;
  readonly #committed = new Map<string, UnitMessage>();
  /** Seconds of training in the last checkpoint. */
  readonly #checkpoints = new Map<string, number>();

  constructor(options: PretendWorkerOptions) {
    this.#options = options;
  }

  /** Works on a unit as a worker in the pod `podUid` would. */
  async work(specText: string, podUid: string, { signal, diesAt }: WorkOptions): Promise<Ending> {
    const spec = parseSpec(specText, podUid);
    if (spec === undefined) return { exitCode: exitCode.InvalidInput, message: 'The unit spec is none.' };
    const { clock, gate, blocks } = this.#options;
    const work = [spec.job.uid, spec.unit, spec.specDigest, spec.plan?.digest ?? ''].join(' ');
    const known = this.#committed.get(work);
    if (known !== undefined) {
      await sleep(clock, repeatSeconds);
      return { exitCode: exitCode.Committed, message: encodeUnitMessage(known) };
    }
    const start = clock.now();
    const startSeconds = clock.seconds();
    const run = { jobUid: spec.job.uid, unit: spec.unit, work, podUid, start };
    const position = this.ledger.push({ ...run, outcome: 'Running' }) - 1;
    const close = (outcome: TrainingRun['outcome'], message?: UnitMessage): void => {
      const end = clock.now();
      this.ledger[position] = { ...run, end, outcome, ...(message === undefined ? {} : { message }) };
    };
    const whole = this.#secondsOf(spec);
    const before = this.#checkpoints.get(work) ?? 0;
    try {
      await sleep(clock, (whole - before) * (diesAt ?? 1), signal);
      if (diesAt === undefined) await gate?.(spec, signal);
    } catch {
      this.#checkpoints.set(work, Math.min(whole, before + clock.seconds() - startSeconds));
      close('Interrupted');
      return { exitCode: exitCode.Interrupted, message: 'Stopped by a signal; the checkpoint is committed.' };
    }
    if (diesAt !== undefined) {
      close('Failed');
      return { exitCode: exitCode.Failed, message: 'Something broke.' };
    }
    const message = pretendMessage(spec, { start, end: clock.now(), seconds: whole }, blocks);
    this.#committed.set(work, message);
    close('Committed', message);
    return { exitCode: exitCode.Committed, message: encodeUnitMessage(message) };
  }

  #secondsOf(spec: UnitSpec): number {
    const [shortest, longest] = this.#options.trainingSeconds;
    const { uniform } = randomStream(this.#options.seed, 'training', spec.job.name, spec.unit);
    return shortest + uniform() * (longest - shortest);
  }
}

function parseSpec(text: string, podUid: string): UnitSpec | undefined {
  try {
    const spec = JSON.parse(text) as { attempt?: object };
    return unitSpecSchema.parse({ ...spec, attempt: { ...spec.attempt, id: podUid } });
  } catch {
    return undefined;
  }
}
