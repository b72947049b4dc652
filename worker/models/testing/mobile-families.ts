import type { LayersModel } from '@tensorflow/tfjs-node-gpu';
import {
  activation,
  add,
  batchNorm,
  classifier,
  convolution,
  depthwise,
  image,
  pad,
  type Node,
} from './family-layers.ts';
import { randomiseWeights, tf } from './reference.ts';

const { layers } = tf;

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
