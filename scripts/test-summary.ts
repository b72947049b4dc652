import { z } from 'zod';

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) }),
  ),
});

/**
 * The last line of a test run, from vitest's JSON report: `12 passed, 0 failed`, with `, 1 skipped` where some were.
 * A file that could not be loaded counts as one failure, because none of its tests is in the report.
 */
export function summaryOf(report: string | undefined): string {
  const parsed = report === undefined ? undefined : reportSchema.safeParse(parseJson(report));
  if (parsed?.success !== true) return 'The tests did not run to their end: there is no result.';
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = parsed.data;
  const unloadable = testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
  return `${numPassedTests} passed, ${numFailedTests + unloadable} failed${skipped}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
