import { expect, test } from 'vitest';
import type { Network } from '../models/network.ts';
import { downstreamOf } from './downstream.ts';

/** Only names and connections matter here. */
function network(...layers: readonly (readonly [string, ...string[]])[]): Network {
  return { layers: layers.map(([name, ...inputs]) => ({ name, inputs })) } as unknown as Network;
}

test('the layers behind a replacement are downstream, those before and beside it are not', () => {
  const teacher = network(
    ['input'],
    ['stem', 'input'],
    ['left', 'stem'],
    ['right', 'stem'],
    ['add', 'left', 'right'],
    ['head', 'add'],
  );
  const student = network(
    ['input'],
    ['stem', 'input'],
    ['left_distilled', 'stem'],
    ['right', 'stem'],
    ['add', 'left_distilled', 'right'],
    ['head', 'add'],
  );
  expect([...downstreamOf(student, teacher)]).toEqual(['left_distilled', 'add', 'head']);
});

test('a student that replaces nothing has nothing downstream', () => {
  const teacher = network(['input'], ['head', 'input']);
  expect(downstreamOf(teacher, teacher).size).toBe(0);
});
