import { expect, it } from 'vitest';
import { isManifest } from './job-argument.ts';

it.each([
  ['job.yaml', true],
  ['job.YML', true],
  ['job.json', true],
  ['./mnist', true],
  ['examples/mnist', true],
  ['.\\mnist', true],
  ['mnist', false],
  ['mnist-yaml', false],
])('%s is a manifest: %s', (argument, expected) => {
  expect(isManifest(argument)).toBe(expected);
});
