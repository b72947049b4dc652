import { canonicalJson } from '../../common/digest.ts';
import type { Execution } from '../accounting/baseline.ts';
import { executionOf } from '../decide/execution-of.ts';
import { readToldUnits } from './planned-work.ts';
import { readPacking } from './units-file.ts';

/**
 * How the units in a job's folder are run: by what they were told, since a manifest may be edited between two runs.
 *
 * @param otherwise what holds as long as no unit was begun
 * @returns undefined when they were not all told the same
 */
export async function toldExecution(folder: string, otherwise?: Execution): Promise<Execution | undefined> {
  const told = (await readToldUnits(folder)).map(({ spec }) => executionOf(spec));
  const [first = otherwise] = told;
  if (first === undefined) return undefined;
  // Units stay as they were first chosen, whatever the manifest says of packing later.
  const packed = (await readPacking(folder)) ?? { packing: first.packing, workers: first.workers };
  const all = [first, ...told].map((each) => canonicalJson({ ...each, ...packed }));
  return new Set(all).size === 1 ? { ...first, ...packed } : undefined;
}
