import { InvalidInputError } from '../../common/error.ts';
import { defaultValidationFraction } from './dataset-spec.ts';
import type { DatasetSource, DatasetSpec, ExpectedData, SplitFraction, SplitName } from './dataset-spec.ts';
import { openSource } from './open-source.ts';
import { allRows } from './record-source.ts';
import type { RecordSource } from './record-source.ts';
import { splitRows } from './split.ts';

/** One part of the data set: which records of which source. */
export interface Part {
  readonly name: SplitName;
  readonly source: RecordSource;
  /** Ascending. */
  readonly rows: Int32Array;
  /** Labels of the whole source, in [0, classes); undefined without labels or classes. */
  readonly labels: Int32Array | undefined;
}

export interface PartPlan {
  /** Training first. */
  readonly parts: readonly Part[];
  /** Why there is no test part. */
  readonly testReason: string | undefined;
  readonly classNames: readonly string[] | undefined;
}

export interface PlanPartsOptions {
  readonly seed: number;
  readonly expected: ExpectedData;
  readonly signal?: AbortSignal | undefined;
}

/** Opens every source, checks its labels, and decides which record belongs to which part. */
export async function planParts(spec: DatasetSpec, options: PlanPartsOptions): Promise<PartPlan> {
  const { test, validation = { fraction: defaultValidationFraction } } = spec;
  const train = await openPart('train', spec.train, { ...options, spec, classNames: undefined });
  const { source, labels } = train;
  const rows = splitRows({
    seed: options.seed,
    count: source.count,
    labels,
    validation: fractionOf(validation),
    test: test && fractionOf(test),
    where: source.where,
  });
  const others = { ...options, spec, classNames: source.classNames };
  const partOf = async (name: SplitName, given: DatasetSource | SplitFraction): Promise<Part> =>
    'fraction' in given
      ? { ...train, name, rows: rows[name] ?? new Int32Array() }
      : await openPart(name, given, others);
  const parts = [{ ...train, rows: rows.train }, await partOf('validation', validation)];
  if (test !== undefined) parts.push(await partOf('test', test));
  checkTypes(parts);
  return {
    parts,
    testReason:
      test === undefined ? 'spec.dataset.test is not set, so figures on test data are unknown.' : undefined,
    classNames: source.classNames,
  };
}

function fractionOf(given: DatasetSource | SplitFraction): number | undefined {
  return 'fraction' in given ? given.fraction : undefined;
}

interface OpenPartOptions extends PlanPartsOptions {
  readonly spec: DatasetSpec;
  readonly classNames: readonly string[] | undefined;
}

async function openPart(name: SplitName, given: DatasetSource, options: OpenPartOptions): Promise<Part> {
  const { spec, expected, classNames, signal } = options;
  const { format, preprocessing } = spec;
  const source = await openSource(given, {
    format,
    split: name,
    expected,
    resize: preprocessing.resize,
    classNames,
    signal,
  });
  const labels = expected.classes === undefined ? undefined : await source.labels(signal);
  if (labels !== undefined) checkLabels(labels, expected.classes ?? 0, source.where);
  return { name, source, rows: allRows(source.count), labels };
}

function checkLabels(labels: Int32Array, classes: number, where: string): void {
  const row = labels.findIndex((label) => label < 0 || label >= classes);
  if (row < 0) return;
  const fromOne = labels.every((label) => label >= 1 && label <= classes);
  throw new InvalidInputError(
    'data/label-out-of-range',
    `Record ${row} has the label ${labels[row]}; the teacher has the classes 0 to ${classes - 1}.`,
    {
      where,
      hint: fromOne
        ? 'The labels start from 1: subtract 1 from each.'
        : 'Give the data set that the teacher was trained on, or correct the labels.',
    },
  );
}

function checkTypes(parts: readonly Part[]): void {
  const [train] = parts;
  const other = parts.find(({ source }) => source.dtype !== train?.source.dtype);
  if (train === undefined || other === undefined) return;
  throw new InvalidInputError(
    'data/dtype-mismatch',
    `The ${other.name} data is ${other.source.dtype}, the training data ${train.source.dtype}.`,
    { where: other.source.where, hint: 'Save both with the same type.' },
  );
}
