import { InvalidInputError } from '../../common/error.ts';
import type { Layer, LayerOf, Network, WeightTensor } from './network.ts';

/** A layer as a `model.json` holds it. */
export interface TfjsLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
  readonly weights: ReadonlyMap<string, WeightTensor>;
}

/**
 * The layers of a network in the words of TensorFlow.js 4.22. A layer that it lacks, or computes otherwise than Keras,
 * is written as others that give the same result; the last of them has the layer's name.
 *
 * Throws `model/not-writable` when there is no such way.
 */
export function tfjsLayers(network: Network): readonly TfjsLayer[] {
  return network.layers.flatMap((layer) => translate(layer, network));
}

function translate(layer: Layer, network: Network): readonly TfjsLayer[] {
  const plain: TfjsLayer = {
    className: layer.kind,
    name: layer.name,
    config: snakeCase(layer.config),
    inputs: layer.inputs,
    weights: weightsOf(layer, network),
  };
  switch (layer.kind) {
    case 'InputLayer':
      return [
        {
          ...plain,
          config: { batch_input_shape: [null, ...layer.outputShape], dtype: 'float32', sparse: false },
        },
      ];
    case 'ReLU':
      return [relu(layer, plain)];
    case 'DepthwiseConv2D':
      if (Math.max(...layer.config.dilationRate) > 1) throw notWritable(layer, 'ignores its dilation');
      return [plain];
    case 'Normalization':
      return [normalization(layer, plain)];
    case 'GlobalAveragePooling2D':
    case 'GlobalMaxPooling2D':
      return layer.config.keepdims ? keepingDimensions(layer, plain) : [plain];
    case 'Subtract':
      return subtraction(plain);
    case 'SpatialDropout2D':
      return [{ ...plain, className: 'Dropout' }];
    default:
      return [plain];
  }
}

function weightsOf(layer: Layer, network: Network): ReadonlyMap<string, WeightTensor> {
  return new Map(
    layer.weights.map((name) => {
      const weight = network.weights.get(name);
      if (weight === undefined)
        throw new InvalidInputError('model/missing-weight', `The weight "${name}" has no value.`);
      return [name, weight] as const;
    }),
  );
}

function snakeCase(config: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}

function notWritable(layer: Layer, why: string): InvalidInputError {
  return new InvalidInputError(
    'model/not-writable',
    `TensorFlow.js has a ${layer.kind} that ${why}, so the network cannot be written for it.`,
    {
      where: `layer "${layer.name}"`,
    },
  );
}

/** TensorFlow.js knows a ReLU's maximum only. */
function relu(layer: LayerOf<'ReLU'> & Layer, plain: TfjsLayer): TfjsLayer {
  const { maxValue, negativeSlope, threshold } = layer.config;
  if (threshold === 0 && negativeSlope === 0) {
    return { ...plain, config: maxValue === undefined ? {} : { max_value: maxValue } };
  }
  if (threshold === 0 && maxValue === undefined)
    return { ...plain, className: 'LeakyReLU', config: { alpha: negativeSlope } };
  throw notWritable(layer, 'ignores its threshold and slope');
}

/**
 * `(x - mean) / max(sqrt(variance), 1e-7)` as gain and shift by channel. A BatchNorm would do as well, but training
 * would change it.
 */
function normalization(layer: LayerOf<'Normalization'>, plain: TfjsLayer): TfjsLayer {
  const values = (weight: string): readonly number[] => [
    ...(plain.weights.get(`${layer.name}/${weight}`)?.values ?? []),
  ];
  const scale = values('variance').map((variance) => 1 / Math.max(Math.sqrt(variance), 1e-7));
  const offset = values('mean').map((mean, channel) => -mean * (scale[channel] ?? 1));
  return { ...plain, className: 'Rescaling', config: { scale, offset }, weights: new Map() };
}

function keepingDimensions(layer: Layer, plain: TfjsLayer): readonly TfjsLayer[] {
  const pooled = `${layer.name}_pooled`;
  return [
    { ...plain, name: pooled, config: { data_format: 'channels_last' } },
    { ...plain, className: 'Reshape', config: { target_shape: layer.outputShape }, inputs: [pooled] },
  ];
}

function subtraction(plain: TfjsLayer): readonly TfjsLayer[] {
  const [minuend = '', subtrahend = ''] = plain.inputs;
  const negated = `${plain.name}_negated`;
  return [
    {
      ...plain,
      name: negated,
      className: 'Rescaling',
      config: { scale: -1, offset: 0 },
      inputs: [subtrahend],
    },
    { ...plain, className: 'Add', config: {}, inputs: [minuend, negated] },
  ];
}
