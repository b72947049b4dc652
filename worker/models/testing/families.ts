import type { LayersModel } from '@tensorflow/tfjs-node-gpu';
import {
  activation,
  add,
  batchNorm,
  classifier,
  convolution,
  image,
  pad,
  type ConvolutionArguments,
  type Node,
} from './family-layers.ts';
import { efficientnet, mobilenet, mobilenetV2 } from './mobile-families.ts';
import { randomiseWeights, tf } from './reference.ts';

const { layers } = tf;

/** VGG (arXiv 1409.1556): convolutions with bias and activation in one layer. */
export function vgg(): LayersModel {
  return randomiseWeights(
    tf.sequential({
      name: 'vgg',
      layers: [
        layers.conv2d({
          name: 'block1_conv1',
          filters: 8,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
          inputShape: [16, 16, 3],
        }),
        layers.conv2d({
          name: 'block1_conv2',
          filters: 16,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
        }),
        layers.maxPooling2d({ name: 'block1_pool', poolSize: 2, strides: 2 }),
        layers.conv2d({
          name: 'block2_conv1',
          filters: 24,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
        }),
        layers.conv2d({
          name: 'block2_conv2',
          filters: 24,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
        }),
        layers.maxPooling2d({ name: 'block2_pool', poolSize: 2, strides: 2 }),
        layers.flatten({ name: 'flatten' }),
        layers.dense({ name: 'fc1', units: 20, activation: 'relu' }),
        layers.dropout({ name: 'dropout', rate: 0.5 }),
        layers.dense({ name: 'predictions', units: 5, activation: 'softmax' }),
      ],
    }),
  );
}

/** ResNet with bottlenecks (arXiv 1512.03385); `strided` says which convolution carries the stride. */
export function resnet(strided: '1x1' | '3x3'): LayersModel {
  const inputs = image(32);
  let x = pad(inputs, 'conv1_pad', [[3, 3], [3, 3]]); // prettier-ignore
  x = convolution(x, 'conv1_conv', {
    filters: 8,
    kernelSize: 7,
    strides: 2,
    padding: 'valid',
    useBias: true,
  });
  x = activation(batchNorm(x, 'conv1_bn'), 'conv1_relu');
  x = pad(x, 'pool1_pad', [[1, 1], [1, 1]]); // prettier-ignore
  x = layers.maxPooling2d({ name: 'pool1_pool', poolSize: 3, strides: 2 }).apply(x) as Node;
  x = bottleneck(x, 'conv2_block1', { width: 8, stride: 1, project: true, strided });
  x = bottleneck(x, 'conv2_block2', { width: 8, stride: 1, project: false, strided });
  x = bottleneck(x, 'conv3_block1', { width: 12, stride: 2, project: true, strided });
  x = bottleneck(x, 'conv3_block2', { width: 12, stride: 1, project: false, strided });
  return classifier(inputs, x, 'resnet');
}

interface Bottleneck {
  readonly width: number;
  readonly stride: number;
  readonly project: boolean;
  readonly strided: '1x1' | '3x3';
}

function bottleneck(x: Node, name: string, { width, stride, project, strided }: Bottleneck): Node {
  const outputs = 4 * width;
  const skip = project
    ? batchNorm(
        convolution(x, `${name}_0_conv`, { filters: outputs, kernelSize: 1, strides: stride, useBias: true }),
        `${name}_0_bn`,
      )
    : x;
  let y = convolution(x, `${name}_1_conv`, {
    filters: width,
    kernelSize: 1,
    strides: strided === '1x1' ? stride : 1,
    useBias: true,
  });
  y = activation(batchNorm(y, `${name}_1_bn`), `${name}_1_relu`);
  y = convolution(y, `${name}_2_conv`, {
    filters: width,
    strides: strided === '3x3' ? stride : 1,
    useBias: true,
  });
  y = activation(batchNorm(y, `${name}_2_bn`), `${name}_2_relu`);
  y = batchNorm(
    convolution(y, `${name}_3_conv`, { filters: outputs, kernelSize: 1, useBias: true }),
    `${name}_3_bn`,
  );
  return activation(add(`${name}_add`, [skip, y]), `${name}_out`);
}

/** ResNet with pre-activation (arXiv 1603.05027), as Keras builds it: padding before the strided convolution. */
export function resnetV2(): LayersModel {
  const inputs = image(24);
  let x = convolution(inputs, 'conv1_conv', { filters: 16, useBias: true });
  x = preactivated(x, 'conv2_block1', { width: 8, stride: 1, project: true });
  x = preactivated(x, 'conv2_block2', { width: 8, stride: 2, project: false });
  x = preactivated(x, 'conv3_block1', { width: 12, stride: 1, project: true });
  x = activation(batchNorm(x, 'post_bn'), 'post_relu');
  return classifier(inputs, x, 'resnet_v2');
}

function preactivated(x: Node, name: string, { width, stride, project }: Omit<Bottleneck, 'strided'>): Node {
  const outputs = 4 * width;
  const active = activation(batchNorm(x, `${name}_preact_bn`), `${name}_preact_relu`);
  let skip = x;
  if (project)
    skip = convolution(active, `${name}_0_conv`, { filters: outputs, kernelSize: 1, useBias: true });
  else if (stride > 1)
    skip = layers.maxPooling2d({ name: `${name}_pool`, poolSize: 1, strides: stride }).apply(x) as Node;
  let y = convolution(active, `${name}_1_conv`, { filters: width, kernelSize: 1 });
  y = activation(batchNorm(y, `${name}_1_bn`), `${name}_1_relu`);
  y = pad(y, `${name}_2_pad`, [[1, 1], [1, 1]]); // prettier-ignore
  y = convolution(y, `${name}_2_conv`, { filters: width, strides: stride, padding: 'valid' });
  y = activation(batchNorm(y, `${name}_2_bn`), `${name}_2_relu`);
  y = convolution(y, `${name}_3_conv`, { filters: outputs, kernelSize: 1, useBias: true });
  return add(`${name}_out`, [skip, y]);
}

/** Inception (arXiv 1512.00567): parallel branches, asymmetric kernels, BatchNorm without gain. */
export function inception(): LayersModel {
  const inputs = image(27);
  let x = unit(inputs, 'stem1', { filters: 8, strides: 2, padding: 'valid' });
  x = unit(x, 'stem2', { filters: 16 });
  x = layers.maxPooling2d({ name: 'stem_pool', poolSize: 3, strides: 2 }).apply(x) as Node;
  const a = unit(x, 'mixed0_a', { filters: 8, kernelSize: 1 });
  const b = unit(unit(x, 'mixed0_b1', { filters: 6, kernelSize: 1 }), 'mixed0_b2', {
    filters: 8,
    kernelSize: 5,
  });
  const c1 = unit(x, 'mixed0_c1', { filters: 8, kernelSize: 1 });
  const c = unit(unit(c1, 'mixed0_c2', { filters: 12 }), 'mixed0_c3', { filters: 12 });
  const pooled = layers
    .averagePooling2d({ name: 'mixed0_pool', poolSize: 3, strides: 1, padding: 'same' })
    .apply(x) as Node;
  const d = unit(pooled, 'mixed0_d', { filters: 4, kernelSize: 1 });
  x = layers.concatenate({ axis: 3, name: 'mixed0' }).apply([a, b, c, d]) as Node;
  const e = layers
    .conv2d({ name: 'mixed1_e', filters: 8, kernelSize: [1, 7], padding: 'same', useBias: false })
    .apply(x) as Node;
  const f = unit(x, 'mixed1_f', { filters: 8, strides: 2, padding: 'valid' });
  const g = layers.maxPooling2d({ name: 'mixed1_pool', poolSize: 3, strides: 2 }).apply(e) as Node;
  return classifier(
    inputs,
    layers.concatenate({ axis: -1, name: 'mixed1' }).apply([f, g]) as Node,
    'inception',
  );
}

function unit(x: Node, name: string, options: ConvolutionArguments): Node {
  return activation(batchNorm(convolution(x, `${name}_conv`, options), `${name}_bn`, false), `${name}_relu`);
}

/** DenseNet (arXiv 1608.06993). */
export function densenet(): LayersModel {
  const inputs = image(24);
  let x = convolution(inputs, 'conv1_conv', { filters: 8, strides: 2 });
  x = activation(batchNorm(x, 'conv1_bn'), 'conv1_relu');
  x = denseUnit(denseUnit(x, 'conv2_block1'), 'conv2_block2');
  x = activation(batchNorm(x, 'pool2_bn'), 'pool2_relu');
  x = convolution(x, 'pool2_conv', { filters: 8, kernelSize: 1 });
  x = layers.averagePooling2d({ name: 'pool2_pool', poolSize: 2, strides: 2 }).apply(x) as Node;
  x = denseUnit(denseUnit(x, 'conv3_block1'), 'conv3_block2');
  return classifier(inputs, activation(batchNorm(x, 'bn'), 'relu'), 'densenet');
}

function denseUnit(x: Node, name: string): Node {
  let y = activation(batchNorm(x, `${name}_0_bn`), `${name}_0_relu`);
  y = convolution(y, `${name}_1_conv`, { filters: 16, kernelSize: 1 });
  y = activation(batchNorm(y, `${name}_1_bn`), `${name}_1_relu`);
  y = convolution(y, `${name}_2_conv`, { filters: 4 });
  return layers.concatenate({ name: `${name}_concat` }).apply([x, y]) as Node;
}

export const families = {
  VGG: vgg,
  'ResNet with strided 1x1 convolutions': () => resnet('1x1'),
  'ResNet with strided 3x3 convolutions': () => resnet('3x3'),
  'ResNet v2': resnetV2,
  MobileNet: mobilenet,
  MobileNetV2: mobilenetV2,
  Inception: inception,
  DenseNet: densenet,
  EfficientNet: efficientnet,
};

export type Family = keyof typeof families;
