import { describe, expect, it } from 'vitest';
import { epochOrder, evaluationBatches, stepsPerEpoch, trainingRows } from './order.ts';

describe('the order of an epoch', () => {
  it('visits every record once', () => {
    expect([...epochOrder(7, 3, 100)].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, row) => row),
    );
  });

  it('is the same for the same seed and epoch, and another for another', () => {
    expect(epochOrder(7, 3, 100)).toEqual(epochOrder(7, 3, 100));
    expect(epochOrder(7, 4, 100)).not.toEqual(epochOrder(7, 3, 100));
    expect(epochOrder(8, 3, 100)).not.toEqual(epochOrder(7, 3, 100));
  });
});

describe('training batches', () => {
  it('are full: what does not fill a batch is left for another epoch', () => {
    expect(stepsPerEpoch(5, 2)).toBe(2);
    expect([...trainingRows(Int32Array.of(4, 2, 0, 1, 3), 2)]).toEqual([4, 2, 0, 1]);
  });

  it('repeat a set that is smaller than one batch', () => {
    expect(stepsPerEpoch(3, 8)).toBe(1);
    expect([...trainingRows(Int32Array.of(2, 0, 1), 8)]).toEqual([2, 0, 1, 2, 0, 1, 2, 0]);
  });
});

describe('evaluation batches', () => {
  it('hold every record once and pad the last batch with masked copies of record 0', () => {
    const { steps, rows, mask } = evaluationBatches(5, 3);
    expect(steps).toBe(2);
    expect([...rows]).toEqual([0, 1, 2, 3, 4, 0]);
    expect([...mask]).toEqual([1, 1, 1, 1, 1, 0]);
  });

  it('need no padding when the records fill the batches', () => {
    expect([...evaluationBatches(4, 2).mask]).toEqual([1, 1, 1, 1]);
  });
});
