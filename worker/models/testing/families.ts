import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-node-gpu';
import { randomiseWeights, tf } from './reference.ts';

type Node = SymbolicTensor;
const { layers } = tf;

interface ConvolutionArguments {
  readonly filters: number;
  readonly kernelSize?: number;
  readonly strides?: number;
  readonly padding?: 'same' | 'valid';
  readonly useBias?: boolean;
  readonly dilationRate?: number;
}

function convolution(
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

function batchNorm(x: Node, name: string, scale = true): Node {
  return layers.batchNormalization({ name, scale, epsilon: 1.001e-5 }).apply(x) as Node;
}

function activation(
  x: Node,
  name: string,
  kind: 'relu' | 'relu6' | 'swish' | 'softmax' | 'sigmoid' = 'relu',
): Node {
  return layers.activation({ name, activation: kind }).apply(x) as Node;
}

function pad(x: Node, name: string, padding: [[number, number], [number, number]]): Node {
  return layers.zeroPadding2d({ name, padding }).apply(x) as Node;
}

function depthwise(
  x: Node,
  name: string,
  strides: number,
  padding: 'same' | 'valid' = 'same',
  kernelSize = 3,
): Node {
  return layers.depthwiseConv2d({ name, kernelSize, strides, padding, useBias: false }).apply(x) as Node;
}

function add(name: string, inputs: Node[]): Node {
  return layers.add({ name }).apply(inputs) as Node;
}

function image(size: number, channels = 3): Node {
  return tf.input({ shape: [size, size, channels], name: 'image' });
}

function classifier(inputs: Node, features: Node, name: string): LayersModel {
  const pooled = layers.globalAveragePooling2d({ name: 'avg_pool' }).apply(features) as Node;
  const outputs = layers
    .dense({ units: 5, activation: 'softmax', name: 'predictions' })
    .apply(pooled) as Node;
  return randomiseWeights(tf.model({ inputs, outputs, name }));
}

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

/** MobileNet (arXiv 1704.04861). */
export function mobilenet(): LayersModel {
  const inputs = image(24);
  let x = pad(inputs, 'conv1_pad', [[0, 1], [0, 1]]); // prettier-ignore
  x = convolution(x, 'conv1', { filters: 8, strides: 2, padding: 'valid' });
  x = relu6(batchNorm(x, 'conv1_bn'), 'conv1_relu');
  x = depthwiseSeparable(x, 1, { filters: 16, stride: 1 });
  x = depthwiseSeparable(x, 2, { filters: 24, stride: 2 });
  x = depthwiseSeparable(x, 3, { filters: 24, stride: 1 });
  const pooled = layers.globalAveragePooling2d({ name: 'pool' }).apply(x) as Node;
  x = layers.reshape({ targetShape: [1, 1, 24], name: 'reshape_1' }).apply(pooled) as Node;
  x = layers.dropout({ rate: 0.001, name: 'dropout' }).apply(x) as Node;
  x = convolution(x, 'conv_preds', { filters: 5, kernelSize: 1, useBias: true });
  x = layers.reshape({ targetShape: [5], name: 'reshape_2' }).apply(x) as Node;
  return randomiseWeights(
    tf.model({ inputs, outputs: activation(x, 'act_softmax', 'softmax'), name: 'mobilenet' }),
  );
}

function relu6(x: Node, name: string): Node {
  return layers.reLU({ maxValue: 6, name }).apply(x) as Node;
}

function depthwiseSeparable(
  x: Node,
  block: number,
  { filters, stride }: { filters: number; stride: number },
): Node {
  const padded = stride === 1 ? x : pad(x, `conv_pad_${block}`, [[0, 1], [0, 1]]); // prettier-ignore
  let y = depthwise(padded, `conv_dw_${block}`, stride, stride === 1 ? 'same' : 'valid');
  y = relu6(batchNorm(y, `conv_dw_${block}_bn`), `conv_dw_${block}_relu`);
  y = convolution(y, `conv_pw_${block}`, { filters, kernelSize: 1 });
  return relu6(batchNorm(y, `conv_pw_${block}_bn`), `conv_pw_${block}_relu`);
}

/** MobileNetV2 (arXiv 1801.04381). */
export function mobilenetV2(): LayersModel {
  const inputs = image(32);
  let x = convolution(inputs, 'Conv1', { filters: 8, strides: 2 });
  x = relu6(batchNorm(x, 'bn_Conv1'), 'Conv1_relu');
  x = depthwise(x, 'expanded_conv_depthwise', 1);
  x = relu6(batchNorm(x, 'expanded_conv_depthwise_BN'), 'expanded_conv_depthwise_relu');
  x = batchNorm(
    convolution(x, 'expanded_conv_project', { filters: 4, kernelSize: 1 }),
    'expanded_conv_project_BN',
  );
  x = invertedResidual(x, 1, { filters: 6, stride: 2 });
  x = invertedResidual(x, 2, { filters: 6, stride: 1 });
  x = invertedResidual(x, 3, { filters: 8, stride: 2 });
  x = invertedResidual(x, 4, { filters: 8, stride: 1 });
  x = convolution(x, 'Conv_1', { filters: 40, kernelSize: 1 });
  return classifier(inputs, relu6(batchNorm(x, 'Conv_1_bn'), 'out_relu'), 'mobilenet_v2');
}

function invertedResidual(
  x: Node,
  block: number,
  { filters, stride }: { filters: number; stride: number },
): Node {
  const prefix = `block_${block}_`;
  const channels = x.shape[3] ?? 1;
  let y = convolution(x, `${prefix}expand`, { filters: channels * 6, kernelSize: 1 });
  y = relu6(batchNorm(y, `${prefix}expand_BN`), `${prefix}expand_relu`);
  if (stride === 2) y = pad(y, `${prefix}pad`, [[0, 1], [0, 1]]); // prettier-ignore
  y = depthwise(y, `${prefix}depthwise`, stride, stride === 1 ? 'same' : 'valid');
  y = relu6(batchNorm(y, `${prefix}depthwise_BN`), `${prefix}depthwise_relu`);
  y = batchNorm(convolution(y, `${prefix}project`, { filters, kernelSize: 1 }), `${prefix}project_BN`);
  return stride === 1 && channels === filters ? add(`${prefix}add`, [x, y]) : y;
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

/** EfficientNet (arXiv 1905.11946): swish, squeeze-and-excite, 5x5 and strided depthwise convolutions. */
export function efficientnet(): LayersModel {
  const inputs = image(32);
  let x = layers.rescaling({ scale: 1 / 2, offset: 0.1, name: 'rescaling' }).apply(inputs) as Node;
  x = pad(x, 'stem_conv_pad', [[0, 1], [0, 1]]); // prettier-ignore
  x = convolution(x, 'stem_conv', { filters: 8, strides: 2, padding: 'valid' });
  x = activation(batchNorm(x, 'stem_bn'), 'stem_activation', 'swish');
  x = excited(x, 'block1a_', { filters: 4, stride: 1, expansion: 1, kernelSize: 3 });
  x = excited(x, 'block2a_', { filters: 6, stride: 2, expansion: 6, kernelSize: 3 });
  x = excited(x, 'block2b_', { filters: 6, stride: 1, expansion: 6, kernelSize: 3 });
  x = excited(x, 'block3a_', { filters: 8, stride: 2, expansion: 6, kernelSize: 5 });
  x = convolution(x, 'top_conv', { filters: 32, kernelSize: 1 });
  return classifier(inputs, activation(batchNorm(x, 'top_bn'), 'top_activation', 'swish'), 'efficientnet');
}

interface Excited {
  readonly filters: number;
  readonly stride: number;
  readonly expansion: number;
  readonly kernelSize: number;
}

function excited(x: Node, name: string, { filters, stride, expansion, kernelSize }: Excited): Node {
  const channels = x.shape[3] ?? 1;
  const wide = channels * expansion;
  let y = x;
  if (expansion > 1) {
    y = convolution(x, `${name}expand_conv`, { filters: wide, kernelSize: 1 });
    y = activation(batchNorm(y, `${name}expand_bn`), `${name}expand_activation`, 'swish');
  }
  const border = (kernelSize - 1) / 2;
  if (stride === 2) y = pad(y, `${name}dwconv_pad`, [[border - 1, border], [border - 1, border]]); // prettier-ignore
  y = depthwise(y, `${name}dwconv`, stride, stride === 1 ? 'same' : 'valid', kernelSize);
  y = activation(batchNorm(y, `${name}bn`), `${name}activation`, 'swish');
  let squeeze = layers.globalAveragePooling2d({ name: `${name}se_squeeze` }).apply(y) as Node;
  squeeze = layers.reshape({ targetShape: [1, 1, wide], name: `${name}se_reshape` }).apply(squeeze) as Node;
  squeeze = layers
    .conv2d({ filters: 2, kernelSize: 1, activation: 'swish', name: `${name}se_reduce` })
    .apply(squeeze) as Node;
  squeeze = layers
    .conv2d({ filters: wide, kernelSize: 1, activation: 'sigmoid', name: `${name}se_expand` })
    .apply(squeeze) as Node;
  y = layers.multiply({ name: `${name}se_excite` }).apply([y, squeeze]) as Node;
  y = batchNorm(convolution(y, `${name}project_conv`, { filters, kernelSize: 1 }), `${name}project_bn`);
  if (stride > 1 || channels !== filters) return y;
  y = layers.dropout({ rate: 0.2, name: `${name}drop` }).apply(y) as Node;
  return add(`${name}add`, [y, x]);
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
