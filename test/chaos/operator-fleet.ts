import type { RandomStream } from '../../common/random.ts';
import { startOperator, type OperatorOptions, type OperatorProcess } from './operator-process.ts';

/** One or several operators at once; who is killed has a successor. */
export class OperatorFleet implements AsyncDisposable {
  readonly #options: OperatorOptions;
  #operators: readonly OperatorProcess[];
  kills = 0;

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

  async untilReady(): Promise<void> {
    await Promise.all(this.#operators.map(async (operator) => await operator.untilReady()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#operators.map(async (operator) => await operator.kill()));
  }
}
