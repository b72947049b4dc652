import { writeFile } from 'node:fs/promises';
import { BlockstillError, InvalidInputError } from '../../common/error.ts';
import { podEnvironment, progressPort, terminationLog } from '../contract/pod.ts';
import type { Progress } from '../contract/progress.ts';
import { encodeUnitMessage, type UnitMessage } from '../contract/unit-message.ts';
import type { UnitResult } from '../contract/unit-result.ts';
import type { UnitSpec } from '../contract/unit-spec.ts';
import type { EnergyMeter } from '../energy/energy-meter.ts';
import type { Attempt } from '../exchange/attempt.ts';
import type { Logger } from '../../common/logger.ts';
import type { Host } from './host.ts';
import { messageOf } from './message-of.ts';
import { startProgressServer, type ProgressServer } from './progress-server.ts';
import { badSpec, parseUnitSpec } from './read-unit-spec.ts';

export interface PodHostOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: {@link progressPort}; 0 for any that is free. */
  readonly port?: number;
}

/**
 * A worker in a pod: the spec is in its environment, progress and metrics are asked for over HTTP, and what it has to say
 * at the end goes into the container's termination log.
 */
export class PodHost implements Host {
  readonly #environment: PodHostOptions['environment'];
  readonly #port: number;
  #logger: Logger | undefined;
  #server: ProgressServer | undefined;
  #activity = '';

  constructor({ environment, port = progressPort }: PodHostOptions) {
    this.#environment = environment;
    this.#port = port;
  }

  async readSpec(): Promise<UnitSpec> {
    const { unitSpec, podUid } = podEnvironment;
    const text = this.#environment[unitSpec];
    const id = this.#environment[podUid];
    if (!text) throw badSpec(unitSpec);
    if (!id) throw badSpec(podUid);
    return parseUnitSpec(text, unitSpec, id);
  }

  /** Without its server a worker still works: nobody sees how far it is. */
  async begin(logger: Logger): Promise<void> {
    this.#logger = logger;
    this.#server = await startProgressServer({ port: this.#port }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      logger.warn('Nobody can ask this pod for its progress', { port: this.#port, reason: why });
      return undefined;
    });
  }

  report(progress: Progress): void {
    this.#server?.show(progress);
    if (progress.activity === this.#activity) return;
    this.#activity = progress.activity;
    this.#logger?.info('Progress', { activity: progress.activity, fraction: progress.fraction });
  }

  watch(meter: Pick<EnergyMeter, 'snapshots'>): void {
    this.#server?.watch(meter);
  }

  async committed(result: UnitResult, attempt: Attempt): Promise<void> {
    await this.#write(encoded(await messageOf(result, attempt)));
  }

  async failed(words: string): Promise<void> {
    await this.#write(words);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  /** The log is a file that the kubelet has put in place: it can be written, and not be replaced. */
  async #write(text: string): Promise<void> {
    const path = this.#environment[podEnvironment.terminationLog] || terminationLog;
    try {
      await writeFile(path, text);
    } catch (cause) {
      throw new BlockstillError(
        'unit/termination-log',
        'What the unit has to say could not be written down.',
        {
          where: path,
          cause,
        },
      );
    }
  }
}

/** Another attempt would have the same to say. */
function encoded(message: UnitMessage): string {
  try {
    return encodeUnitMessage(message);
  } catch (error) {
    if (!(error instanceof BlockstillError)) throw error;
    const { code, message: sentence, hint, cause } = error;
    throw new InvalidInputError(code, sentence, { hint, cause });
  }
}
