import { expect, test } from 'vitest';
import { acceptanceOf } from './acceptance.ts';

const top1 = (value: number) => ({ value, samples: 1000, standardError: 0.01, measure: 'Top1' as const });
const evidence = { teacher: top1(0.9), student: top1(0.88), replaced: 3, maxAccuracyDrop: 0.05 };

test('a student within the allowed drop is accepted', () => {
  expect(acceptanceOf(evidence)).toEqual({ accepted: true });
});

test('a student that drops by more is refused with both figures', () => {
  const { accepted, reason } = acceptanceOf({ ...evidence, student: top1(0.8) });
  expect(accepted).toBe(false);
  expect(reason).toContain('10.00 points');
  expect(reason).toContain('5.00');
});

test('a student that replaces nothing is refused', () => {
  expect(acceptanceOf({ ...evidence, replaced: 0 }).accepted).toBe(false);
});

test('agreement is compared with perfect agreement', () => {
  const student = { ...top1(0.97), measure: 'Agreement' as const };
  expect(acceptanceOf({ ...evidence, teacher: null, student }).accepted).toBe(true);
});

test('an unknown figure is no acceptance', () => {
  expect(acceptanceOf({ ...evidence, student: null }).accepted).toBe(false);
  expect(acceptanceOf({ ...evidence, teacher: null }).accepted).toBe(false);
});
