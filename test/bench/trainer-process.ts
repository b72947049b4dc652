import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A way to train the block, in a process of its own, so that each has TensorFlow, allocator and threads to itself. */
export class TrainerProcess implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = '';

  private constructor(
    program: string,
    programArguments: readonly string[],
    environment: Record<string, string>,
  ) {
    const child = spawn(program, programArguments, {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stderr.on(
      'data',
      (chunk: Buffer) => (this.#errors = (this.#errors + chunk.toString()).slice(-4000)),
    );
    this.#process = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Starts it and waits until it has trained a first turn. */
  static async start(
    [program, ...programArguments]: readonly [string, ...string[]],
    environment: Record<string, string>,
  ): Promise<TrainerProcess> {
    const trainer = new TrainerProcess(program, programArguments, environment);
    const said = await trainer.#nextLine();
    if (said !== 'ready') throw new Error(`${program} said "${said}" in place of "ready"`);
    return trainer;
  }

  /** Trains one turn; gives the milliseconds that it took. */
  async turn(): Promise<number> {
    this.#process.stdin?.write('turn\n');
    return Number(await this.#nextLine());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.stdin?.end();
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'exit');
  }

  async #nextLine(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error(`a trainer ended early:\n${this.#errors}`);
    return value;
  }
}
