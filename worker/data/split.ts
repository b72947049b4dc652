import { InvalidInputError } from '../../common/error.ts';
import { randomStream } from '../../common/random.ts';
import { allRows } from './record-source.ts';

export interface SplitOptions {
  readonly seed: number;
  readonly count: number;
  /** Given: every part gets each class in its share, to within one record. */
  readonly labels: Int32Array | undefined;
  /** Shares of `count` in (0, 1); undefined: that part comes from elsewhere. */
  readonly validation: number | undefined;
  readonly test: number | undefined;
  /** For messages. */
  readonly where: string;
}

/** The rows of each part, ascending; no row is in two parts, and every row is in one. */
export interface SplitRows {
  readonly train: Int32Array;
  readonly validation: Int32Array | undefined;
  readonly test: Int32Array | undefined;
}

/**
 * Splits test data, then validation data, off the training data, stratified by class.
 *
 * The result is a function of (seed, count, labels, shares) alone, and the test part does not depend on the validation
 * share.
 */
export function splitRows({ seed, count, labels, validation, test, where }: SplitOptions): SplitRows {
  const testCount = partSize(count, test);
  const validationCount = partSize(count, validation);
  if (testCount + validationCount >= count) {
    throw new InvalidInputError('data/too-few-records', `${count} records are too few to split.`, {
      where,
      hint: 'Lower spec.dataset.validation.fraction and spec.dataset.test.fraction, or give more data.',
    });
  }
  const classes = [...rowsByClass(count, labels)].map(([label, rows]) => {
    const order = randomStream(seed, 'split', label).permutation(rows.length);
    return order.map((position) => rows[position]!);
  });
  const forTest = takeShares(classes, testCount);
  const forValidation = takeShares(forTest.rest, validationCount);
  return {
    train: ascending(forValidation.rest),
    validation: validation === undefined ? undefined : ascending(forValidation.taken),
    test: test === undefined ? undefined : ascending(forTest.taken),
  };
}

function partSize(count: number, fraction: number | undefined): number {
  return fraction === undefined ? 0 : Math.max(1, Math.round(count * fraction));
}

function rowsByClass(count: number, labels: Int32Array | undefined): ReadonlyMap<number, Int32Array> {
  if (labels === undefined) return new Map([[0, allRows(count)]]);
  const byClass = new Map<number, number[]>();
  for (let row = 0; row < count; row++) {
    const rows = byClass.get(labels[row]!);
    if (rows === undefined) byClass.set(labels[row]!, [row]);
    else rows.push(row);
  }
  const sorted = [...byClass].sort(([a], [b]) => a - b);
  return new Map(sorted.map(([label, rows]) => [label, Int32Array.from(rows)]));
}

/** Takes `total` rows, each class in proportion to its size; what rounding leaves goes to the largest remainders. */
function takeShares(
  classes: readonly Int32Array[],
  total: number,
): { readonly taken: readonly Int32Array[]; readonly rest: readonly Int32Array[] } {
  const available = classes.reduce((sum, rows) => sum + rows.length, 0);
  const exact = classes.map((rows) => (total * rows.length) / available);
  const quotas = exact.map(Math.floor);
  const missing = total - quotas.reduce((sum, quota) => sum + quota, 0);
  const byRemainder = exact
    .map((share, index) => ({ index, remainder: share - Math.floor(share) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  for (const { index } of byRemainder.slice(0, missing)) quotas[index]!++;
  return {
    taken: classes.map((rows, index) => rows.subarray(0, quotas[index])),
    rest: classes.map((rows, index) => rows.subarray(quotas[index])),
  };
}

function ascending(classes: readonly Int32Array[]): Int32Array {
  const rows = new Int32Array(classes.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of classes) {
    rows.set(part, at);
    at += part.length;
  }
  return rows.sort();
}
