import { describeError } from '../../common/error.ts';

/**
 * Numbers of operators, one for each run: without a wish both ways, one operator that is killed again and again, and two
 * that take turns. A wish for a number of operators or for a seed, which repeats a run, is for one run.
 */
export function waysToRun(wishes: {
  readonly operators?: string | undefined;
  readonly seed?: string | undefined;
}): readonly number[] {
  if (wishes.operators !== undefined) return [Number(wishes.operators)];
  return wishes.seed === undefined ? [1, 2] : [1];
}

export interface Verdict {
  readonly isGood: boolean;
  readonly sentence: string;
}

/**
 * Runs with each number of operators, one after another, also when one goes wrong.
 *
 * @param run - answers the number of violations; what it throws is a bad verdict, too
 */
export async function runEveryWay(
  ways: readonly number[],
  run: (operators: number) => Promise<number>,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const operators of ways) {
    const who = operatorsInWords(operators);
    try {
      const violations = await run(operators);
      const sentence = `Verdict on ${who}: ${violations === 0 ? 'no violation' : `${violations} violations`}.`;
      verdicts.push({ isGood: violations === 0, sentence });
    } catch (error) {
      const sentence = `Verdict on ${who}: the run did not come to its end. ${describeError(error)}`;
      verdicts.push({ isGood: false, sentence });
    }
  }
  return verdicts;
}

export function operatorsInWords(operators: number): string {
  return operators === 1 ? '1 operator' : `${operators} operators`;
}
