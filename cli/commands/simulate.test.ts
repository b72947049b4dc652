import { mkdtempDisposable, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { BlockstillError } from '../../common/error.ts';
import { fakeJob } from '../../test/local/fake-job.ts';
import { simulateCommand } from './simulate.ts';

async function simulated(source: string, output: 'text' | 'json', gpus = [1, 2]): Promise<string> {
  let text = '';
  const write = (part: string): void => void (text += part);
  const terminal = { write, interactive: false, color: false, columns: 80, rows: 24 };
  expect(await simulateCommand({ source, gpus, output }, terminal)).toBe(0);
  return text;
}

async function withFile(text: string, use: (path: string) => Promise<void>): Promise<void> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-simulate-'));
  const path = join(folder.path, 'times.json');
  await writeFile(path, text);
  await use(path);
}

const times = (...seconds: readonly number[]): string =>
  JSON.stringify({ blocks: seconds.map((each, index) => ({ name: `conv_${index}`, seconds: each })) });

it('shows what GPUs make of a file of times', async () => {
  await withFile(times(40, 10, 30, 20), async (path) => {
    // Round robin: 40 and 30 s on one; longest first: 40 and 10 s, 30 and 20 s.
    expect(await simulated(path, 'text')).toBe(
      [
        'Work      4 blocks, 100.0 s on one GPU; the longest is conv_0 with 40.0 s',
        "Ceiling   2.50x with a block a unit: more than 3 GPUs can't help",
        'Times     as the file gives them',
        '',
        '  GPUs  schedule       units     time  speedup  balance  idle GPU time',
        '     1  round robin        4  100.0 s    1.00x   100.0%         0.00 s',
        '        longest first      4  100.0 s    1.00x   100.0%         0.00 s',
        '     2  round robin        4   70.0 s    1.43x    71.4%         40.0 s',
        '        longest first      4   50.0 s    2.00x   100.0%         0.00 s',
        '',
        'Each speedup is against the same schedule on one GPU.',
        "The GPUs are equal and don't slow each other down; workers of one machine do, by what they share.",
        'Packing is unknown: a file of times does not say what the teacher takes of them.',
        '',
      ].join('\n'),
    );
    expect(JSON.parse(await simulated(path, 'json'))).toMatchObject({
      serialSeconds: 100,
      packedSerialSeconds: null,
      startUpSeconds: null,
      ceiling: 2.5,
      reason: expect.stringContaining('Packing is unknown'),
      runs: [{}, {}, {}, { gpus: 2, schedule: 'LongestFirst', makespanSeconds: 50, idleGpuSeconds: 0 }],
    });
  });
});

it('takes what units took, where they ran, and predicts the others', async () => {
  await using job = await fakeJob('  distill:\n    epochs: 2\n    batchSize: 10\n');
  await job.run({});
  const { folder } = await job.load();
  await rm(join(folder, 'unit-001'), { recursive: true });
  const before = await readdir(folder);
  const ofManifest = JSON.parse(await simulated(job.manifest, 'json'));
  // 10 s of start-up each. Its unit took 1.23456 s. The other: 20 steps of 0.02 s, 11 teacher passes of 0.001 s.
  expect(ofManifest).toMatchObject({
    startUpSeconds: 10,
    blocks: [
      { name: 'conv_0', seconds: 11.234_56, basis: 'Measured' },
      { name: 'conv_1', seconds: 10.411, basis: 'Predicted' },
    ],
  });
  // Both in one: one start-up, and one teacher pass for both.
  expect(ofManifest.packedSerialSeconds).toBeCloseTo(11.645_56, 9);
  expect(ofManifest.runs).toHaveLength(6);
  const prepared = join(folder, 'prepare', 'attempt-001');
  for (const source of [folder, prepared]) {
    expect(JSON.parse(await simulated(source, 'json'))).toEqual(ofManifest);
  }
  const text = await simulated(job.manifest, 'text');
  expect(text).toContain('Packed    11.6 s on one GPU: 1.86x less work');
  expect(text).toContain('Times     of 1 what their units took, the others predicted');
  expect(await readdir(folder)).toEqual(before);
});

it('says what to do where there is no plan yet', async () => {
  await using job = await fakeJob();
  await expect(simulated(job.manifest, 'text')).rejects.toMatchObject({
    code: 'run/not-prepared',
    where: (await job.load()).folder,
    hint: expect.stringContaining('blockstill run'),
  } satisfies Partial<BlockstillError>);
});

it.each([
  { of: 'no JSON', text: '{', why: 'JSON' },
  { of: 'no blocks', text: '{"blocks": []}', why: 'blocks: ' },
  {
    of: 'a time that is none',
    text: '{"blocks": [{"name": "a", "seconds": 0}]}',
    why: 'blocks.0.seconds: ',
  },
])('refuses a file of times with $of', async ({ text, why }) => {
  await withFile(text, async (path) => {
    await expect(simulated(path, 'text')).rejects.toMatchObject({
      code: 'run/bad-times',
      where: path,
      message: expect.stringContaining(why),
    });
  });
});

it('refuses a plan that can not be read, naming the file', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-simulate-'));
  await writeFile(join(folder.path, 'plan.json'), '{}');
  await writeFile(join(folder.path, 'profile.json'), '{}');
  await expect(simulated(folder.path, 'text')).rejects.toMatchObject({
    code: 'run/plan-unreadable',
    where: join(folder.path, 'plan.json'),
  });
});
