/** Runs every check of the project and, with `--tests`, every test; goes on after a failure and sums up at the end. */
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { skippedSuites } from '../test/cluster/requirements.ts';
import { summaryOf } from './test-summary.ts';

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const checks: readonly Check[] = [
  { name: 'linter', command: ['oxlint'] },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'unused code', command: ['knip', '--no-progress', '--treat-config-hints-as-errors'] },
  { name: 'generated files', command: ['node', 'crds/generate.ts', '--check'] },
  { name: 'generated files of the chart', command: ['node', 'helm/generate.ts', '--check'] },
  {
    name: 'generated files of the examples',
    command: ['node', 'examples/digits/make-manifest.ts', '--check'],
  },
  { name: 'versions', command: ['node', 'scripts/set-version.ts', '--check'] },
  { name: 'data of the test of the chart', command: ['node', 'scripts/make-chart-test.ts', '--check'] },
];

async function run([program, ...programArguments]: Check['command']): Promise<number> {
  return await new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

async function runChecks(): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const check of checks) {
    console.log(`Checking: ${check.name}`);
    if ((await run(check.command)) !== 0) failed.push(check.name);
  }
  return failed;
}

/** Runs all tests and answers vitest's exit code and a line like `12 passed, 0 failed`. */
async function runTests(): Promise<{ code: number; summary: string }> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-tests-'));
  const report = join(folder.path, 'report.json');
  const code = await run([
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  const text = await readFile(report, 'utf8').catch(() => undefined);
  return { code, summary: summaryOf(text) };
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { tests: { type: 'boolean' } } });
  const failed = await runChecks();
  const tests = values.tests ? await runTests() : undefined;
  console.log(failed.length === 0 ? 'All checks passed.' : `Failed checks: ${failed.join(', ')}.`);
  if (tests !== undefined) {
    for (const sentence of await skippedSuites()) console.log(`Skipped: ${sentence}`);
    console.log(tests.summary);
  }
  return failed.length === 0 && (tests === undefined || tests.code === 0) ? 0 : 1;
}

process.exitCode = await main();
