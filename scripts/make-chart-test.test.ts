import { expect, test } from 'vitest';
import { accuracyOf } from '../examples/train-classifier.ts';
import { loadNetwork } from '../worker/models/load.ts';
import { digits } from './chart-test/digit-files.ts';
import { chartTestFolder, staleDigitFiles } from './make-chart-test.ts';

test('the data of the test of the chart are those that the script makes', async () => {
  expect(await staleDigitFiles()).toEqual([]);
});

test('the teacher of the test of the chart has learnt to read digits that it has not seen', async () => {
  const teacher = await loadNetwork(chartTestFolder);
  expect(accuracyOf(teacher, digits('test'))).toBeGreaterThan(0.95);
});
