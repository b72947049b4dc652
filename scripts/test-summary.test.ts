import { expect, test } from 'vitest';
import { summaryOf } from './test-summary.ts';

interface FileResult {
  status: string;
  assertionResults: { status: string }[];
}

function report(
  counts: { passed: number; failed: number; pending?: number },
  testResults: FileResult[] = [],
): string {
  const { passed, failed, pending = 0 } = counts;
  return JSON.stringify({
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    testResults,
  });
}

test('passed and failed tests are counted', () => {
  expect(summaryOf(report({ passed: 12, failed: 3 }))).toBe('12 passed, 3 failed');
});

test('skipped tests are told only where there are some', () => {
  expect(summaryOf(report({ passed: 1, failed: 0, pending: 2 }))).toBe('1 passed, 0 failed, 2 skipped');
});

test('a file that cannot be loaded is a failure although no test of it ran', () => {
  expect(summaryOf(report({ passed: 4, failed: 0 }, [{ status: 'failed', assertionResults: [] }]))).toBe(
    '4 passed, 1 failed',
  );
});

test('a file with a failed test is counted once', () => {
  const file = { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] };
  expect(summaryOf(report({ passed: 1, failed: 1 }, [file]))).toBe('1 passed, 1 failed');
});

test.each([undefined, '', '{"numPassedTests": 3}'])(
  'without a whole report (%j) no count is claimed',
  (text) => {
    expect(summaryOf(text)).toBe('The tests did not run to their end: there is no result.');
  },
);
