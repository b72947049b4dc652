import { describe, expect, test } from 'vitest';
import { distillationJob } from './distillation-job.ts';
import { ruleCases } from './rules/rule-cases.ts';
import { rules } from './rules.ts';
import { manifestWith } from './test-manifests.ts';

describe.each(ruleCases)('$rule: $says', ({ says, at, breaks, keeps }) => {
  test('is reported where it is broken, and alone', () => {
    const result = distillationJob.safeParse(manifestWith(breaks));
    const issues = result.error?.issues ?? [];
    expect(issues.map((issue) => issue.path.join('.'))).toEqual([at]);
    expect(issues[0]?.message.slice(0, says.length)).toBe(says);
  });

  test('is content where it is kept', () => {
    expect(distillationJob.safeParse(manifestWith(keeps)).error?.issues).toBeUndefined();
  });
});

test('every rule that can be checked on one object has its case, and no two share one', () => {
  const uncovered = rules.filter(
    ({ path, message, check }) =>
      check !== undefined &&
      ruleCases.filter(({ rule, says }) => rule === path && message.startsWith(says)).length !== 1,
  );
  expect(uncovered.map(({ path, message }) => `${path}: ${message}`)).toEqual([]);
  expect(ruleCases).toHaveLength(rules.filter(({ check }) => check !== undefined).length);
});
