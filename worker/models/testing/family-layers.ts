import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-node-gpu';
import { randomiseWeights, tf } from './reference.ts';

/** Layers of TensorFlow.js under the names and with the settings of `keras.applications`. */
export type Node = SymbolicTensor;
const { layers } = tf;

export interface ConvolutionArguments {
  readonly filters: number;
  readonly kernelSize?: number;
  readonly strides?: number;
  readonly padding?: 'same' | 'valid';
  readonly useBias?: boolean;
  readonly dilationRate?: number;
}

export function convolution(
  x: Node,
  name: string,
  {
    filters,
    kernelSize = 3,
    strides = 1,
    padding = 'same',
    useBias = false,
    dilationRate = 1,
  }: ConvolutionArguments,
): Node {
  return layers
    .conv2d({ name, filters, kernelSize, strides, padding, useBias, dilationRate })
    .apply(x) as Node;
}

export function batchNorm(x: Node, name: string, scale = true): Node {
  return layers.batchNormalization({ name, scale, epsilon: 1.001e-5 }).apply(x) as Node;
}

export function activation(
  x: Node,
  name: string,
  kind: 'relu' | 'relu6' | 'swish' | 'softmax' | 'sigmoid' = 'relu',
): Node {
  return layers.activation({ name, activation: kind }).apply(x) as Node;
}

export function pad(x: Node, name: string, padding: [[number, number], [number, number]]): Node {
  return layers.zeroPadding2d({ name, padding }).apply(x) as Node;
}

export function depthwise(
  x: Node,
  name: string,
  strides: number,
  padding: 'same' | 'valid' = 'same',
  kernelSize = 3,
): Node {
  return layers.depthwiseConv2d({ name, kernelSize, strides, padding, useBias: false }).apply(x) as Node;
}

export function add(name: string, inputs: Node[]): Node {
  return layers.add({ name }).apply(inputs) as Node;
}

export function image(size: number, channels = 3): Node {
  return tf.input({ shape: [size, size, channels], name: 'image' });
}

export function classifier(inputs: Node, features: Node, name: string): LayersModel {
  const pooled = layers.globalAveragePooling2d({ name: 'avg_pool' }).apply(features) as Node;
  const outputs = layers
    .dense({ units: 5, activation: 'softmax', name: 'predictions' })
    .apply(pooled) as Node;
  return randomiseWeights(tf.model({ inputs, outputs, name }));
}
