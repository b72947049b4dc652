import { z } from 'zod';
import { elementCount } from '../../graph/tensor.ts';
import { biasAdd, matMul, reshape } from '../../graph/nn.ts';
import { activation, emitActivation } from './activation-functions.ts';
import { count, orDefault } from './keras-values.ts';
import { defineLayer, lastSide, only } from './layer-definition.ts';

/** A matrix product along the last axis. */
export const Dense = defineLayer({
  config: z.object({ units: count, activation, useBias: orDefault(z.boolean(), true) }),
  outputShape: ({ units }, inputs) => [...only(inputs).slice(0, -1), units],
  weights: ({ units, useBias }, inputs) => {
    const features = lastSide(only(inputs));
    return [
      { name: 'kernel', shape: [features, units], trainable: true, initial: 'HeNormal', fanIn: features },
      ...(useBias ? [{ name: 'bias', shape: [units], trainable: true, initial: 'Zeros' } as const] : []),
    ];
  },
  macs: ({ units }, inputs) => elementCount(only(inputs)) * units,
  emit: ({ units, useBias, ...config }, inputs, { value }) => {
    const x = only(inputs);
    const flat =
      x.shape.length === 2 ? x : reshape(x, [elementCount(x.shape.slice(0, -1)), lastSide(x.shape)]);
    const product = matMul(flat, value('kernel'));
    const y = emitActivation(config.activation, useBias ? biasAdd(product, value('bias')) : product);
    return flat === x ? y : reshape(y, [...x.shape.slice(0, -1), units]);
  },
});
