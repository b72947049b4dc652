import type { z } from 'zod';
import { InvalidInputError } from '../../../common/error.ts';
import type { Operation, Shape, Tensor, Variable } from '../../graph/tensor.ts';

/** A weight that a layer of given config and inputs has. */
export interface WeightSpec {
  /** The Keras name within the layer: `kernel`, `gamma`, ... */
  readonly name: string;
  readonly shape: Shape;
  /** BatchNorm statistics are state, not trained by gradients. */
  readonly trainable: boolean;
  /** What a fresh layer starts from; `HeNormal` needs `fanIn`. */
  readonly initial: 'HeNormal' | 'Zeros' | 'Ones';
  readonly fanIn?: number;
  /** Names that other Keras versions write for it. */
  readonly alsoKnownAs?: readonly string[];
}

/** TF32 is a switch of the GPU libraries and changes no graph. */
export type Precision = 'Float32' | 'TF32' | 'BFloat16';

/** What a layer sees while it is put into a training graph. */
export interface EmitContext {
  readonly mode: 'inference' | 'training';
  readonly precision: Precision;
  /** Overrides the config's momentum. */
  readonly batchNormMomentum: number | undefined;
  /** The variable of one of the layer's weights. */
  variable(weight: string): Variable;
  /** Its value. */
  value(weight: string): Tensor;
  /** Operations that a training step must run besides (BatchNorm statistics). */
  update(operations: readonly Operation[]): void;
}

/**
 * One kind of layer: everything that Blockstill knows about it. Shapes are without the batch dimension, tensors with
 * it.
 */
export interface LayerDefinition<Config> {
  /** Reads a Keras config with camel-case keys and fills in Keras's defaults. Unknown keys are dropped. */
  readonly config: z.ZodType<Config>;
  /** How many inputs it takes: one, or two and more. */
  readonly arity: 'none' | 'one' | 'many';
  /** Throws `model/layer-input` when the inputs do not suit it. */
  readonly outputShape: (config: Config, inputs: readonly Shape[]) => Shape;
  readonly weights: (config: Config, inputs: readonly Shape[]) => readonly WeightSpec[];
  /** Multiplications per sample in convolutions and matrix products; padding counts, BatchNorm does not. */
  readonly macs: (config: Config, inputs: readonly Shape[], output: Shape) => number;
  readonly emit: (config: Config, inputs: readonly Tensor[], context: EmitContext) => Tensor;
}

/** A definition in which weights and multiplications are left out when there are none. */
export function defineLayer<Config>(
  definition: Omit<LayerDefinition<Config>, 'weights' | 'macs' | 'arity'> & Partial<LayerDefinition<Config>>,
): LayerDefinition<Config> {
  return { weights: () => [], macs: () => 0, arity: 'one', ...definition };
}

export function only<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (item === undefined || items.length > 1) {
    throw new InvalidInputError('model/layer-input', `It takes one input and has ${items.length}.`);
  }
  return item;
}

export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The only input as `[height, width, channels]`. */
export function imageShape(inputs: readonly Shape[]): ImageShape {
  const shape = only(inputs);
  const [height, width, channels] = shape;
  if (shape.length !== 3 || height === undefined || width === undefined || channels === undefined) {
    throw new InvalidInputError(
      'model/layer-input',
      `It takes [height, width, channels] and its input is ${describeShape(shape)}.`,
    );
  }
  return { height, width, channels };
}

export function describeShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function lastSide(shape: Shape): number {
  return shape.at(-1) ?? 1;
}
