import { addReadings, type EnergyReadings } from '../contract/energy-reading.ts';
import { saveCheckpoint } from '../exchange/save-checkpoint.ts';
import { InterruptedError, type Pause } from '../interruption.ts';
import type { NamedTensor } from '../exchange/safetensors.ts';
import type { WorkContext } from '../work-context.ts';
import type { BlockTraining } from './block-training.ts';
import { unitCheckpointSchema } from './checkpoint.ts';
import type { Cursor } from './train-blocks.ts';
import type { Unit } from './unit.ts';

export interface UnitState {
  readonly unit: Unit;
  readonly blocks: BlockTraining[];
  /** Of the unit as a whole; `earlierEnergy` is there when a checkpoint says what earlier attempts have drawn. */
  readonly shared: { seconds: number; earlierEnergy: EnergyReadings | undefined };
  /** What bits depend on besides the inputs: a checkpoint of another platform is not continued. */
  readonly platform: string;
  readonly planDigest: `sha256:${string}`;
}

const bestPrefix = 'best/';

/** Saves and restores everything that a unit's remaining steps depend on. */
export class UnitCheckpoints {
  readonly #context: WorkContext;
  readonly #state: UnitState;
  #sequence = 0;
  #savedAt: number;

  constructor(context: WorkContext, state: UnitState) {
    this.#context = context;
    this.#state = state;
    this.#savedAt = context.clock.seconds();
  }

  /**
   * Continues from the furthest checkpoint of this and earlier attempts; undefined when none can be continued. What they drew
   * is taken over all the same.
   */
  async resume(): Promise<Cursor | undefined> {
    const { blocks, platform, planDigest, shared, unit } = this.#state;
    const names = blocks.map((block) => block.state.name).join();
    const { checkpoint, energy } = await this.#context.attempt.findEarlierWork({
      schema: unitCheckpointSchema,
      belongs: (state) =>
        state.specDigest === this.#context.spec.specDigest &&
        state.planDigest === planDigest &&
        state.blocks.map((block) => block.name).join() === names,
      fits: (state) => state.platform === platform,
    });
    shared.earlierEnergy = energy;
    if (checkpoint === undefined) return undefined;
    const { state, tensors } = checkpoint;
    this.#context.logger.info('Resuming from a checkpoint', { epoch: state.epoch, step: state.step });
    this.#sequence = state.sequence;
    shared.seconds = state.sharedSeconds;
    state.blocks.forEach((saved, index) => {
      const block = blocks[index];
      if (block === undefined) return;
      const best = block.graph.weights.flatMap(({ name }) => {
        const tensor = tensors.get(`${bestPrefix}${name}`);
        return tensor === undefined ? [] : [[name, tensor.values] as const];
      });
      blocks[index] = { graph: block.graph, state: saved, best: best.length > 0 ? new Map(best) : undefined };
    });
    unit.session.set(
      new Map(
        [...tensors].flatMap(([name, { values }]) =>
          name.startsWith(bestPrefix) ? [] : [[name, values] as const],
        ),
      ),
    );
    return { epoch: state.epoch, step: state.step };
  }

  /** Between two steps: saves when the interval has passed or the worker was told to stop, which then stops it. */
  async whenDue(cursor: Cursor, pause: Pause): Promise<void> {
    this.#sequence += 1;
    const interrupted = await pause.interrupted();
    const due = this.#context.clock.seconds() - this.#savedAt >= this.#context.checkpointSeconds;
    if (due || interrupted) await this.save(cursor);
    if (interrupted) throw new InterruptedError('told to stop');
  }

  async save(cursor: Cursor): Promise<void> {
    const { blocks, platform, planDigest, shared, unit } = this.#state;
    const names = blocks.flatMap(({ graph }) => [
      ...graph.weights.map((variable) => variable.name),
      ...graph.step.state,
    ]);
    const tensors = new Map<string, NamedTensor>();
    for (const [name, values] of unit.session.get(names))
      tensors.set(name, { shape: [values.length], values });
    for (const { graph, best } of blocks) {
      for (const { name, shape } of graph.weights) {
        const values = best?.get(name);
        if (values !== undefined) tensors.set(`${bestPrefix}${name}`, { shape, values });
      }
    }
    await saveCheckpoint(this.#context, {
      tensors,
      state: {
        version: 1,
        specDigest: this.#context.spec.specDigest,
        planDigest,
        platform,
        sequence: (this.#sequence += 1),
        epoch: cursor.epoch,
        step: cursor.step,
        sharedSeconds: shared.seconds,
        energy: addReadings(shared.earlierEnergy ?? [], this.#context.energy.latest()),
        blocks: blocks.map((block) => block.state),
      },
    });
    this.#savedAt = this.#context.clock.seconds();
  }
}
