import type { RandomStream } from '../../common/random.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { startOperator, type OperatorOptions, type OperatorProcess } from './operator-process.ts';

/** One or several operators at once; who is killed has a successor. */
export class OperatorFleet implements AsyncDisposable {
  readonly #options: OperatorOptions;
  #operators: readonly OperatorProcess[];
  kills = 0;
  /** How often another one has followed a leader that was paused. */
  takeovers = 0;

  private constructor(options: OperatorOptions, operators: readonly OperatorProcess[]) {
    this.#options = options;
    this.#operators = operators;
  }

  /** More than one need leader election. */
  static async start(count: number, options: OperatorOptions): Promise<OperatorFleet> {
    const all = { ...options, leaderElection: count > 1 };
    const operators = await Promise.all(Array.from({ length: count }, async () => await startOperator(all)));
    return new OperatorFleet(all, operators);
  }

  pick(random: RandomStream): OperatorProcess {
    const picked = this.#operators[random.below(this.#operators.length)];
    if (picked === undefined) throw new Error('There is no operator.');
    return picked;
  }

  /** SIGKILL for one of them. */
  async kill(random: RandomStream): Promise<OperatorProcess> {
    const victim = this.pick(random);
    await victim.kill();
    this.kills += 1;
    return victim;
  }

  /** Starts a new one for one that has ended; it need not be ready when the next thing happens to it. */
  async replace(ended: OperatorProcess): Promise<void> {
    const successor = await startOperator(this.#options);
    this.#operators = this.#operators.map((operator) => (operator === ended ? successor : operator));
  }

  /**
   * As a Deployment does: who has lost the Lease ends by itself. One alone has no Lease, and no reason to end.
   *
   * @returns how many there were
   */
  async replaceEnded(): Promise<number> {
    if (this.#options.leaderElection !== true) return 0;
    let count = 0;
    for (const operator of this.#operators) {
      if (!(await operator.hasEnded())) continue;
      await this.replace(operator);
      count += 1;
    }
    return count;
  }

  /** Waits until one says that it holds the Lease, another one than `other`. */
  async untilLed(seconds: number, other?: OperatorProcess): Promise<OperatorProcess> {
    const candidates = this.#operators.filter((operator) => operator !== other);
    const what = other === undefined ? 'an operator to lead' : 'another operator to take over';
    return await waitFor(
      what,
      async () => {
        for (const operator of candidates) if (await operator.leads()) return operator;
        return undefined;
      },
      seconds,
    );
  }

  async untilReady(): Promise<void> {
    await Promise.all(this.#operators.map(async (operator) => await operator.untilReady()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#operators.map(async (operator) => await operator.kill()));
  }
}
