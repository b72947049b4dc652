import { expect, test } from 'vitest';
import { networkOf, randomiseWeights, tf } from '../../worker/models/testing/reference.ts';
import { SmallJob } from './small-job.ts';

/** As for super-resolution or denoising: what the convolutions make is added to the image. */
function residualDenoiser() {
  const input = tf.input({ shape: [16, 16, 3] });
  const { conv2d, add } = tf.layers;
  const convolution = (name: string, filters: number) =>
    conv2d({ name, filters, kernelSize: 3, padding: 'same', activation: 'relu' });
  const features = convolution('features', 24).apply(input);
  const deeper = convolution('deeper', 24).apply(features) as typeof input;
  const change = conv2d({ name: 'change', filters: 3, kernelSize: 3, padding: 'same' }).apply(deeper);
  const outputs = add({ name: 'sum' }).apply([input, change as typeof input]) as typeof input;
  return randomiseWeights(tf.model({ name: 'denoiser', inputs: input, outputs }));
}

test('a block of a teacher that adds its image to what it computes is trained and judged by imitation', async () => {
  await using job = await SmallJob.create({
    teacher: await networkOf(residualDenoiser()),
    samples: 60,
    labels: false,
  });
  const { reference } = await job.prepare();
  const result = await job.run({
    stage: 'Distill',
    unit: 'unit-000',
    attempt: 'a1',
    blocks: ['deeper'],
    plan: reference,
  });
  if (result.stage !== 'Distill') throw new Error('it is a distill unit');
  expect(result.blocks[0]?.score?.measure).toBe('Imitation');
});
