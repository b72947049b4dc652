import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** A way to train the block, and how its process is started. */
export interface Variant {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly precision: 'Float32' | 'BFloat16';
}

export interface FoundVariants {
  readonly variants: readonly Variant[];
  /** A sentence for each that cannot run here. */
  readonly skipped: readonly string[];
}

export const reference = 'training graph';

const folder = join(import.meta.dirname, 'trainers');
const graph = [process.execPath, join(folder, 'training-graph.ts')] as const;

/** What there is to compare: Python's only where `python` can import TensorFlow and Keras. */
export function findVariants(python: string | undefined): FoundVariants {
  const variants: Variant[] = [
    { name: reference, command: graph, precision: 'Float32' },
    { name: `${reference}, BFloat16`, command: graph, precision: 'BFloat16' },
    {
      name: 'tfjs-node model.fit',
      command: [process.execPath, join(folder, 'model-fit.ts')],
      precision: 'Float32',
    },
  ];
  const inPython = { 'Keras layers': 'layers', 'hand-written tf.function': 'operations' };
  const reason = python === undefined ? 'BLOCKSTILL_PYTHON is not set' : whyUnusable(python);
  if (python === undefined || reason !== undefined) {
    const hint = 'Set it to a Python that can import tensorflow and keras.';
    return { variants, skipped: Object.keys(inPython).map((name) => `${name}: ${reason}. ${hint}`) };
  }
  for (const [name, style] of Object.entries(inPython)) {
    variants.push({ name, command: [python, join(folder, 'keras_trainer.py'), style], precision: 'Float32' });
  }
  return { variants, skipped: [] };
}

function whyUnusable(python: string): string | undefined {
  const { status, stderr, error } = spawnSync(python, ['-c', 'import keras, tensorflow'], {
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  return `BLOCKSTILL_PYTHON is ${python}, which says: ${(error?.message ?? stderr).trim().split('\n').at(-1) ?? ''}`;
}
