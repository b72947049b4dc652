import { expect, test } from 'vitest';
import { BlockstillError } from '../../common/error.ts';
import type { Attempt } from './attempt.ts';
import { saveCheckpoint } from './save-checkpoint.ts';

const checkpoint = { state: { sequence: 1 }, tensors: new Map() };
const unreachable = new BlockstillError('storage/unreachable', 'No route to the server.');

function workerWhoseStorage(reason: Error, signal = new AbortController().signal) {
  const warnings: string[] = [];
  const attempt = { saveCheckpoint: () => Promise.reject(reason) } as unknown as Attempt;
  const ignore = (): void => undefined;
  const logger = {
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (message: string) => warnings.push(message),
  };
  return { attempt, logger, signal, warnings };
}

test('a checkpoint that does not get through stops no training, and is told', async () => {
  const worker = workerWhoseStorage(unreachable);
  await saveCheckpoint(worker, checkpoint);
  expect(worker.warnings).toEqual(['A checkpoint could not be uploaded; the training goes on']);
});

test('a worker that was told to stop must not believe that its checkpoint is safe', async () => {
  const worker = workerWhoseStorage(unreachable, AbortSignal.abort());
  await expect(saveCheckpoint(worker, checkpoint)).rejects.toBe(unreachable);
});

test('what will not mend itself is an error at once', async () => {
  const full = new BlockstillError('storage/no-space', 'The disk is full.');
  await expect(saveCheckpoint(workerWhoseStorage(full), checkpoint)).rejects.toBe(full);
});
