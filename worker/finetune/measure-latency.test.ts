import { expect, test } from 'vitest';
import { createPause, InterruptedError } from '../interruption.ts';
import { initialWeights } from '../models/replacement.ts';
import { convolutionSketch, networkOfSketches } from '../models/testing/sketches.ts';
import { measureLatency } from './measure-latency.ts';

function small() {
  const network = networkOfSketches([4, 4, 1], [convolutionSketch('conv', 'image', { filters: 2 })]);
  return { ...network, weights: initialWeights(network, 0, 'net') };
}

test('a worker that is told to stop measures nothing after the network that it is at', async () => {
  const told = new AbortController();
  let readings = 0;
  const seconds = (): number => {
    readings += 1;
    told.abort();
    return 0;
  };
  const latency = measureLatency({
    teacher: small(),
    student: small(),
    device: 'CPU',
    batchSizes: [1],
    seconds,
    between: createPause(() => 0, told.signal),
  });
  await expect(latency).rejects.toBeInstanceOf(InterruptedError);
  // Of the clock: once at the start, and around the teacher's first run.
  expect(readings).toBe(3);
});
