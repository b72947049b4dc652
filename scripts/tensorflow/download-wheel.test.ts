import { expect, test } from 'vitest';
import { explainPipFailure } from './download-wheel.ts';
import { releases } from './release.ts';

// What pip 23.2 prints.
const situations = [
  [
    'setup/wrong-digest',
    'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions',
  ],
  [
    'setup/no-network',
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(': Failed to establish a new " +
      "connection: [Errno -3] Temporary failure in name resolution')'\n" +
      'ERROR: No matching distribution found for tensorflow-cpu==2.20.0',
  ],
  [
    'setup/disk-full',
    'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device',
  ],
  ['setup/download-failed', 'ERROR: No matching distribution found for tensorflow-cpu==2.20.0'],
] as const;

test.each(situations)('%s is recognised in what pip prints', (code, output) => {
  expect(explainPipFailure(output, releases.cpu, '/cache').code).toBe(code);
});

test('the reader sees what pip said last', () => {
  const error = explainPipFailure('first\nERROR: it is broken', releases.cpu, '/cache');
  expect(error.message).toBe('pip could not download tensorflow-cpu 2.20.0.');
  expect(error.hint).toContain('ERROR: it is broken');
});
