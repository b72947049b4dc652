import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lastErrorIn, lastWordsOf } from './worker-log.ts';

const uncaught = [
  '{"level":"info","message":"Training"}',
  'node:internal/modules/run_main:123',
  '    throw error;',
  '    ^',
  '',
  "Error: Cannot find package 'sharp'",
  '    at open (file:///worker/main.ts:1:2)',
  "  code: 'ERR_MODULE_NOT_FOUND'",
  '}',
  '',
  'Node.js v24.1.0',
  '',
].join('\n');

const greeting = [
  'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR',
  'I0000 00:00:1795649478.741153   26420 mlir_graph_optimization_pass.cc:437] MLIR V1 optimization pass is not enabled',
  '',
].join('\n');

describe('the last error of a worker', () => {
  it.each([
    {
      of: 'an uncaught error: not the version of Node',
      text: uncaught,
      expected: "Error: Cannot find package 'sharp'",
    },
    {
      of: 'a logged error, whatever is printed after it',
      text: '{"level":"error","message":"It broke."}\nNode.js v24.1.0\n',
      expected: 'It broke.',
    },
    {
      of: 'an abort of the native library',
      text: 'hello\nterminate called without an exception\nend\n',
      expected: 'terminate called without an exception',
    },
    { of: 'a plain line', text: 'sh: node: not found\n', expected: 'sh: node: not found' },
    {
      of: 'a plain line before what TensorFlow says at every first session',
      text: `out of GPU memory\n${greeting}`,
      expected: 'out of GPU memory',
    },
    { of: 'nothing but what TensorFlow always says', text: greeting, expected: undefined },
    {
      of: 'nothing but noise',
      text: '{"level":"info","message":"a"}\nNode.js v24.1.0\n',
      expected: undefined,
    },
  ])('is that of $of', ({ text, expected }) => {
    expect(lastErrorIn(text)).toBe(expected);
  });
});

describe('the last words of a worker', () => {
  it.each([
    {
      of: 'are one line of a message for people',
      logged: 'train.npz: No labels.\nAdd y.\n(data/no-labels)',
      expected: () => 'train.npz: No labels. Add y. (data/no-labels)',
    },
    {
      of: 'are the first line of an error that nobody foresaw, and where the rest is',
      logged: 'TypeError: x is undefined\n    at f (main.ts:1:2)',
      expected: (log: string) => `TypeError: x is undefined. See ${log}.`,
    },
  ])('$of', async ({ logged, expected }) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-log-'));
    const log = join(folder.path, 'worker.log');
    await writeFile(log, `${JSON.stringify({ level: 'error', message: logged })}\n`);
    expect(await lastWordsOf(log)).toBe(expected(log));
  });
});
