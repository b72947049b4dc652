import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../common/random.ts';
import { isRunning } from '../../operator/local/process-identity.ts';
import { readAttemptRecord } from '../../operator/local/attempt-record.ts';
import { fakeJob } from './fake-job.ts';

const behaviour = { blocks: 4, steps: 20, stepMilliseconds: 3 };
const runner = join(import.meta.dirname, 'run-fake-job.ts');

function startRunner(manifest: string): ChildProcess {
  return spawn(process.execPath, [runner, manifest, '2'], {
    env: { ...process.env, FAKE_WORKER: JSON.stringify(behaviour) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function outputOf(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  return text;
}

async function attemptRecords(folder: string) {
  const units = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const attempts = await Promise.all(
    units.map(async ({ name }) => (await readdir(join(folder, name))).map((id) => join(folder, name, id))),
  );
  const records = await Promise.all(attempts.flat().map(readAttemptRecord));
  return records.filter((record) => record !== undefined);
}

describe('kill -9 of the runner', () => {
  it.each([1, 2, 3])('at random moments loses nothing and trains nothing twice (seed %i)', async (seed) => {
    await using job = await fakeJob();
    const random = randomStream(seed, 'kill the runner');
    let end = '';
    let kills = 0;
    while (!end.includes('end Complete')) {
      const child = startRunner(job.manifest);
      const output = outputOf(child);
      if (kills < 4) {
        await Promise.race([setTimeout(200 + 500 * random.uniform()), output]);
        child.kill('SIGKILL');
        kills++;
      }
      end = await output;
      expect(end).not.toMatch(/error/i);
    }
    const { folder } = await job.load();
    await expectEachOnce(folder, await job.journal());
    for (const record of await attemptRecords(folder)) expect(await isRunning(record.process)).toBe(false);
  });
});

describe('kill -9 of workers', () => {
  it.each([4, 5])('at random moments costs an attempt and no finished work (seed %i)', async (seed) => {
    await using job = await fakeJob('  backoffLimit: 10\n');
    const random = randomStream(seed, 'kill workers');
    let kills = 0;
    let next = 2;
    const { status } = await job.run(behaviour, {
      onUpdate: ({ observed }) => {
        const running = observed.attempts.filter(
          ({ progress, state }) => state === 'Running' && progress !== undefined,
        );
        const victim = running[random.below(Math.max(1, running.length))];
        if (victim === undefined || kills >= 6 || --next > 0) return;
        next = 5 + random.below(25);
        kills++;
        void job
          .load()
          .then(async ({ folder }) => readAttemptRecord(join(folder, victim.unit, victim.id)))
          .then(
            (record) =>
              record?.end === undefined &&
              record !== undefined &&
              process.kill(record.process.pid, 'SIGKILL'),
          )
          .catch(() => undefined);
      },
    });
    expect(kills).toBeGreaterThan(2);
    expect(status.phase).toBe('Complete');
    await expectEachOnce((await job.load()).folder, await job.journal());
  });
});

describe('two runners', () => {
  it('never run the same job at once: the second is told who runs it', async () => {
    await using job = await fakeJob();
    const first = startRunner(job.manifest);
    const output = outputOf(first);
    await once(first.stdout ?? first, 'data');
    await expect(job.run(behaviour)).rejects.toMatchObject({
      code: 'run/already-active',
      message: `Another run of this job is active (process ${first.pid}).`,
    });
    expect(await output).toContain('end Complete');
  });
});

/** A step may be counted again when its checkpoint was lost; a unit that has committed is never started again. */
async function expectEachOnce(folder: string, journal: readonly string[]): Promise<void> {
  for (const unit of ['finetune', 'prepare', 'unit-000', 'unit-001', 'unit-002', 'unit-003']) {
    const attempts = await readdir(join(folder, unit));
    const committed = attempts.filter((attempt) => existsSync(join(folder, unit, attempt, 'result.json')));
    expect(committed, unit).toHaveLength(1);
  }
  expect(journal.filter((line) => line.endsWith('start-again'))).toEqual([]);
}

it('records who ran, so that the file can be read by a person', async () => {
  await using job = await fakeJob();
  await job.run({ blocks: 1, steps: 1 });
  const { folder } = await job.load();
  const text = await readFile(join(folder, 'unit-000/attempt-001/attempt.json'), 'utf8');
  expect(JSON.parse(text)).toMatchObject({
    unit: 'unit-000',
    number: 1,
    end: { state: 'Succeeded', exitCode: 0 },
  });
});
