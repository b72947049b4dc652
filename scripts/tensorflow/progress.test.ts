import { expect, test } from 'vitest';
import { growthReporter } from './progress.ts';

function writtenFor(isTerminal: boolean, ...bytes: number[]): string[] {
  const written: string[] = [];
  const report = growthReporter(200e6, { isTerminal, write: (text) => void written.push(text) });
  bytes.forEach(report);
  return written;
}

test('a log gets one line each quarter that was passed', () => {
  expect(writtenFor(false, 10e6, 60e6, 70e6, 160e6, 200e6)).toEqual([
    '  60 of 200 MB\n',
    '  160 of 200 MB\n',
  ]);
});

test('a terminal gets one line that is rewritten, and never more than there is', () => {
  expect(writtenFor(true, 10e6, 210e6)).toEqual(['\r  10 of 200 MB', '\r  200 of 200 MB']);
});
