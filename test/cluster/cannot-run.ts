import { skipSentence } from './requirements.ts';

/**
 * For `describe.skipIf`: whether a suite has to be skipped on this machine. It says so, under the suite's name and with
 * the reason.
 *
 * @param reason - why this machine can't run the suite; undefined when it can
 * @throws Error where nothing may be skipped, as in continuous integration
 */
export function cannotRun(suite: string, reason: string | undefined): boolean {
  if (reason === undefined) return false;
  const sentence = skipSentence(suite, reason);
  if (process.env['BLOCKSTILL_SKIP_NOTHING']) throw new Error(sentence);
  console.warn(`Skipped: ${sentence}`);
  return true;
}
