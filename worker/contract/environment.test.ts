import { expect, test } from 'vitest';
import { workerEnvironment } from './environment.ts';

test('a worker computes by oneDNN whatever TensorFlow would choose on its processor', () => {
  expect(workerEnvironment({ precision: 'Float32' })).toMatchObject({ TF_ENABLE_ONEDNN_OPTS: '1' });
});

test('Float32 is no TF32 on a GPU, and TF32 is', () => {
  expect(workerEnvironment({ precision: 'Float32' })).toMatchObject({ NVIDIA_TF32_OVERRIDE: '0' });
  expect(workerEnvironment({ precision: 'TF32' })).not.toHaveProperty('NVIDIA_TF32_OVERRIDE');
});
