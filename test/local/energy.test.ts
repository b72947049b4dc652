import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';
import { readAttemptRecord } from '../../operator/local/attempt-record.ts';
import type { UnitResult } from '../../worker/contract/unit-result.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { processorCounter, type ProcessorCounter } from '../worker/processor-counter.ts';
import { SmallJob } from '../worker/small-job.ts';
import { smallManifest } from './small-manifest.ts';

const blockstill = join(import.meta.dirname, '../../bin/blockstill');

/** Of it only the teacher and the data are used. */
let files: SmallJob;
beforeAll(async () => void (files = await SmallJob.create({ teacher: await networkOf(vgg()) })));
afterAll(async () => await files[Symbol.asyncDispose]());

interface Ran {
  readonly status: DistillationJobStatus;
  readonly results: readonly UnitResult[];
  readonly table: string;
}

/** Runs a tiny job with one worker, so that its units don't share the processor. */
async function run(name: string, environment: Record<string, string>): Promise<Ran> {
  const path = join(files.folder, `${name}.json`);
  await writeFile(path, JSON.stringify(smallManifest(name, {})));
  const storage = join(files.folder, `${name}-storage`);
  const options = [path, '--storage', storage];
  const { stdout: table } = await start(['run', ...options, '--workers', '1'], environment);
  const { stdout } = await start(['status', ...options, '--output', 'json'], environment);
  const found = (await readdir(storage, { recursive: true })).filter((file) => file.endsWith('/result.json'));
  const texts = await Promise.all(found.map((file) => readFile(join(storage, file), 'utf8')));
  const results = texts.map((text) => JSON.parse(text) as UnitResult);
  return { status: JSON.parse(stdout) as DistillationJobStatus, results, table };
}

async function start(args: readonly string[], environment: Record<string, string>) {
  const child = spawn(blockstill, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const [code] = await once(child, 'close');
  expect(code, output.stderr).toBe(0);
  return output;
}

/** At 40 W. */
function joulesSince(milliseconds: number): number {
  return (40 * (Date.now() - milliseconds)) / 1000;
}

async function rise(counter: ProcessorCounter, began: number, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of setInterval(50, undefined, { signal })) await counter.set(joulesSince(began));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

test('a run on this machine says what it drew, in all and by block, where there is a meter', async () => {
  await using counter = await processorCounter(0);
  const began = Date.now();
  const ended = new AbortController();
  const rising = rise(counter, began, ended.signal);
  const { status, results, table } = await run('metered', counter.environment).finally(() => ended.abort());
  await rising;
  const joules = results.map(({ unit, energy }) => ({ unit, joules: energy[0]?.joules ?? Number.NaN }));
  const total = joules.reduce((sum, each) => sum + each.joules, 0);
  expect(total).toBeGreaterThan(0);
  expect(total).toBeLessThan(joulesSince(began));
  const { energy, blocks } = status;
  expect(energy).toMatchObject({ coverage: ['CPU'], method: 'Counter', retriedJoules: 0 });
  expect(energy).not.toHaveProperty('reason');
  expect(energy?.joules).toBe(Number(total.toPrecision(4)));
  expect(energy?.byDevice).toEqual([
    expect.objectContaining({ device: 'package-0', kind: 'CPU', joules: energy?.joules }),
  ]);
  const distilled = joules.filter(({ unit }) => unit.startsWith('unit-'));
  const known = new Set(blocks?.flatMap((block) => block.joules ?? []));
  expect(known).toEqual(new Set(distilled.map((each) => Number(each.joules.toPrecision(4)))));
  expect(known.size).toBeGreaterThan(1);
  expect(table).toMatch(/energy +[\d.,k]+ J \(CPU\)/);
});

/** Ends the first worker of a unit, as soon as it has run for half a second. */
async function killFirst(storage: string, unit: string, signal: AbortSignal): Promise<void> {
  for await (const _ of setInterval(50, undefined, { signal })) {
    const paths = await readdir(storage, { recursive: true }).catch(() => []);
    const folder = paths.find((file) => file.endsWith(join(unit, 'attempt-001')));
    const record = folder === undefined ? undefined : await readAttemptRecord(join(storage, folder));
    if (record === undefined || Date.now() - Date.parse(record.startTime) < 500) continue;
    process.kill(record.process.pid, 'SIGKILL');
    return;
  }
}

test('what a killed worker drew is known from the meter of the machine, and so are whole nodes, also later', async () => {
  await using counter = await processorCounter(0);
  const began = Date.now();
  const ended = new AbortController();
  const rising = rise(counter, began, ended.signal);
  const killing = killFirst(join(files.folder, 'killed-storage'), 'unit-000', ended.signal);
  const { status } = await run('killed', counter.environment).finally(() => ended.abort());
  await Promise.all([rising, killing]);
  expect(status.blocks?.map(({ attempts }) => attempts)).toContain(2);
  const { energy } = status;
  expect(energy).not.toHaveProperty('reason');
  // At least half a second at 40 W.
  expect(energy?.retriedJoules).toBeGreaterThan(15);
  expect(energy?.retriedJoules).toBeLessThan(energy?.joules ?? 0);
  expect(energy?.dedicatedNode).toBeGreaterThan(energy?.joules ?? Infinity);
  const again = await run('killed', counter.environment);
  expect(again.status.energy).toEqual(energy);
});

test('a run on this machine says why its energy is unknown, where there is no meter', async () => {
  const { status, table } = await run('unmetered', { BLOCKSTILL_POWERCAP: '/nowhere' });
  const reason = 'CPU: /nowhere has no intel-rapl zone, as in most virtual machines and containers.';
  expect(status.energy).toEqual({ reason });
  expect(status.blocks?.some(({ joules }) => joules !== undefined)).toBe(false);
  expect(table).toContain(`energy   unknown (${reason.slice(0, -1)})`);
});
