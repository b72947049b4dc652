import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitRows } from './split.ts';

const where = 'data.npz';

describe('splitting the training data', () => {
  it('puts every row into exactly one part and each class into each part in its share', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 20, maxLength: 200 }),
        fc.double({ min: 0.01, max: 0.45, noNaN: true }),
        fc.double({ min: 0.01, max: 0.45, noNaN: true }),
        fc.nat(),
        (classes, validation, test, seed) => {
          const labels = Int32Array.from(classes);
          const count = labels.length;
          const rows = splitRows({ seed, count, labels, validation, test, where });
          const parts = [rows.train, rows.validation ?? [], rows.test ?? []].map((part) => [...part]);
          expect(parts.flat().sort((a, b) => a - b)).toEqual(classes.map((_, row) => row));
          for (const part of parts) expect(part).toEqual([...part].sort((a, b) => a - b));
          expect(rows.test).toHaveLength(Math.max(1, Math.round(count * test)));
          expect(rows.validation).toHaveLength(Math.max(1, Math.round(count * validation)));
          for (let label = 0; label <= 4; label++) {
            const inClass = classes.filter((value) => value === label).length;
            const inTest = (parts[2] ?? []).filter((row) => classes[row] === label).length;
            const share = (inClass * (rows.test?.length ?? 0)) / count;
            expect(Math.abs(inTest - share)).toBeLessThan(1);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('depends on the seed, and on nothing else that is not given', () => {
    const options = { count: 50, labels: undefined, validation: 0.2, test: 0.1, where };
    expect(splitRows({ ...options, seed: 1 })).toEqual(
      splitRows({ ...options, seed: 1, where: 'elsewhere' }),
    );
    expect(splitRows({ ...options, seed: 1 })).not.toEqual(splitRows({ ...options, seed: 2 }));
  });

  it('takes the same test rows whatever the validation share is', () => {
    const options = { seed: 3, count: 50, labels: undefined, test: 0.1, where };
    expect(splitRows({ ...options, validation: 0.4 }).test).toEqual(
      splitRows({ ...options, validation: 0.1 }).test,
    );
  });

  it('leaves parts out that come from elsewhere', () => {
    const rows = splitRows({
      seed: 1,
      count: 3,
      labels: undefined,
      validation: undefined,
      test: undefined,
      where,
    });
    expect(rows).toEqual({ train: Int32Array.of(0, 1, 2), validation: undefined, test: undefined });
  });

  it('refuses to leave nothing for training', () => {
    const tooFew = () =>
      splitRows({ seed: 1, count: 1, labels: undefined, validation: 0.1, test: undefined, where });
    expect(tooFew).toThrow(expect.objectContaining({ code: 'data/too-few-records', where }));
  });
});
