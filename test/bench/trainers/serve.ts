import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

/** What a trainer trains: a block from `[batch, size, size, channels]` to the same shape, on made-up activations. */
export interface TrainerOptions {
  readonly channels: number;
  readonly size: number;
  readonly batchSize: number;
  /** Steps a turn; there are as many batches of data. */
  readonly steps: number;
  readonly precision: 'Float32' | 'BFloat16';
}

/** Reads what `step.ts` puts on a trainer's command line. */
export function trainerOptions(): TrainerOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { channels: text, size: text, batch: text, steps: text, precision: text },
  });
  return {
    channels: Number(values.channels),
    size: Number(values.size),
    batchSize: Number(values.batch),
    steps: Number(values.steps),
    precision: values.precision === 'BFloat16' ? 'BFloat16' : 'Float32',
  };
}

/**
 * A trainer's side of the conversation: says `ready`, then answers each line on standard input with the milliseconds
 * that one turn took.
 */
export async function serve(train: () => Promise<unknown> | void): Promise<void> {
  await train();
  console.log('ready');
  for await (const _ of createInterface({ input: process.stdin })) {
    const start = performance.now();
    await train();
    console.log(performance.now() - start);
  }
}
