import { expect, it } from 'vitest';
import { BlockstillError, InvalidInputError } from '../common/error.ts';
import { printError } from './print-error.ts';
import type { Terminal } from './terminal.ts';

const size = { interactive: false, color: false, columns: 80, rows: 24 };

const deaf: Terminal = { ...size, write: () => undefined };

it("prints the worker's code and not also that of the error which passes it on", () => {
  let text = '';
  const write = (part: string): void => void (text += part);
  const terminal = { ...size, write };
  const message = 'train.npz: No samples.\nAdd some.\n(data/no-samples)';
  expect(printError(new InvalidInputError('run/invalid-input', message, { where: 'job' }), terminal)).toBe(
    64,
  );
  expect(text).toBe('error: job: train.npz: No samples.\nAdd some.\n(data/no-samples)\n');
});

it.each(['run/already-active', 'run/active-elsewhere'] as const)('ends with 75 on %s', (code) => {
  expect(printError(new BlockstillError(code, 'Another runs it.'), deaf)).toBe(75);
});

it('ends with 64 without the GPU that the job asks for', () => {
  expect(printError(new BlockstillError('run/no-gpu', 'None.'), deaf)).toBe(64);
  expect(printError(new BlockstillError('run/never-run', 'Never.'), deaf)).toBe(1);
});
