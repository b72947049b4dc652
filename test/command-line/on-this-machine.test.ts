import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { acquireLock } from '../../operator/local/lock.ts';
import { fakeJob } from '../local/fake-job.ts';

const program = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function blockstill(...parameters: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...parameters]);
  let out = '';
  let error = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, error };
}

describe('the command line', () => {
  it('documents its exit codes in its help', async () => {
    const { code, out } = await blockstill('run', '--help');
    expect(code).toBe(0);
    for (const text of ['Examples:', 'Exit codes:', '  64 ', '  75 ', '  130 ']) expect(out).toContain(text);
  });

  it('takes it calmly when nobody reads its output', async () => {
    const child = spawn(process.execPath, [program, '--help']);
    child.stdout.destroy();
    let error = '';
    child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(error).toBe('');
  });

  it.each([
    { of: 'an unknown command', parameters: ['ran', 'job.yaml'] },
    { of: 'a missing manifest', parameters: ['run'] },
    { of: 'a number of workers that is none', parameters: ['run', 'job.yaml', '--workers', '0'] },
    { of: 'a number of GPUs that is none', parameters: ['simulate', 'job.yaml', '--gpus', '2,,8'] },
    { of: 'more GPUs than are simulated', parameters: ['simulate', 'job.yaml', '--gpus', '4096'] },
    { of: 'an unknown output form', parameters: ['status', 'job.yaml', '--output', 'xml'] },
  ])('ends with 2 on $of', async ({ parameters }) => {
    const { code, error } = await blockstill(...parameters);
    expect(code).toBe(2);
    expect(error).toContain('error:');
  });

  it('ends with 64 on a manifest that is not there, and says where it looked', async () => {
    const { code, error } = await blockstill('run', '/nowhere/job.yaml');
    expect(code).toBe(64);
    expect(error).toBe(
      [
        "error: /nowhere/job.yaml: The manifest job.yaml can't be read.",
        'Give the path of a YAML or JSON file that holds one DistillationJob.',
        "Cause: ENOENT: no such file or directory, open '/nowhere/job.yaml'",
        '(manifest/unreadable)',
        '',
      ].join('\n'),
    );
  });

  it('simulates the numbers of GPUs that it is given, in order', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-cli-'));
    const times = join(folder.path, 'times.json');
    await writeFile(times, '{"blocks": [{"name": "a", "seconds": 3}, {"name": "b", "seconds": 1}]}');
    const { code, out } = await blockstill('simulate', times, '--gpus', '2,1,2', '--output', 'json');
    expect(code).toBe(0);
    const { runs }: { runs: { gpus: number; makespanSeconds: number }[] } = JSON.parse(out);
    expect(runs.map(({ gpus, makespanSeconds }) => [gpus, makespanSeconds])).toEqual([
      [1, 4],
      [1, 4],
      [2, 3],
      [2, 3],
    ]);
  });

  it('ends with 64 on a manifest with a mistake, naming the field', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-cli-'));
    const manifest = join(folder.path, 'job.yaml');
    await writeFile(
      manifest,
      'apiVersion: blockstill.dev/v1alpha1\nkind: DistillationJob\nmetadata: {name: a}\nspec: {teecher: {}}\n',
    );
    const { code, error } = await blockstill('validate', manifest);
    expect(code).toBe(64);
    expect(error).toContain('teecher');
    expect(error).not.toContain('    at ');
  });

  it('writes the report of the last run as a page with its data beside it, or prints the data', async () => {
    await using job = await fakeJob();
    const before = await blockstill('report', job.manifest);
    expect(before).toMatchObject({ code: 1, out: '' });
    expect(before.error).toContain('(run/never-run)');
    await job.run({});
    const page = join(dirname(job.manifest), 'reports', 'first.html');
    const after = await blockstill('report', job.manifest, '--output', page);
    expect(after).toEqual({
      code: 0,
      out: `report: ${page}\ndata: ${page.replace('.html', '.json')}\n`,
      error: '',
    });
    expect(await readFile(page, 'utf8')).toContain('<h1>fake</h1>');
    const printed = await blockstill('report', job.manifest, '-o', 'json');
    const [told, written] = [printed.out, await readFile(page.replace('.html', '.json'), 'utf8')].map(
      (text) => JSON.parse(text) as Record<string, unknown>,
    );
    expect({ ...told, generated: '' }).toEqual({ ...written, generated: '' });
    expect(told).toMatchObject({ version: 1, phase: 'Complete', sources: { files: true } });
  });

  it('prints the status of the last run as JSON, or says that there was none', async () => {
    await using job = await fakeJob();
    const before = await blockstill('status', job.manifest);
    expect(before).toMatchObject({ code: 1, out: '' });
    expect(before.error).toContain('This manifest has not been run here');
    const { status } = await job.run({});
    const after = await blockstill('status', job.manifest, '--output', 'json');
    expect(after.code).toBe(0);
    expect(JSON.parse(after.out)).toEqual(status);
    const text = await blockstill('status', job.manifest);
    expect(text.out).toContain('fake: complete. The student has 2 of 2 blocks replaced');
  });

  it('does not give the end of an earlier run for that of an edited manifest', async () => {
    await using job = await fakeJob();
    await job.run({});
    await appendFile(job.manifest, '  acceptance:\n    maxAccuracyDrop: 0.5\n');
    for (const output of ['text', 'json']) {
      const { code, out, error } = await blockstill('status', job.manifest, '--output', output);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(error).toContain('The manifest was edited since it was last run.');
    }
  });

  it('prints the table again for a finished job, without starting a worker', async () => {
    await using job = await fakeJob();
    await job.run({});
    const { code, out } = await blockstill('run', job.manifest);
    expect(code).toBe(0);
    expect(out).toContain('This job was already done; nothing was run.');
    expect(out).toContain('<- kept, chosen on validation');
  });

  it('says that a failed job was not run again, and what to change', async () => {
    await using job = await fakeJob();
    await job.run({ accepted: false });
    const { code, out } = await blockstill('run', job.manifest);
    expect(code).toBe(1);
    expect(out).toContain('This job failed in an earlier run; nothing was run again. Change the manifest');
    expect(out).toContain('finished blocks are kept unless');
  });

  it('says that no run is active when the last one ended before the job did', async () => {
    await using job = await fakeJob();
    const { status } = await job.run({});
    const { folder } = await job.load();
    const left = { ...status, phase: 'Distilling' };
    await writeFile(join(folder, 'status.json'), JSON.stringify(left));
    const resume = `No run is active. Resume it: blockstill run ${job.manifest}`;
    expect((await blockstill('status', job.manifest)).out).toContain(resume);
    await using _lock = await acquireLock(join(folder, 'runner.lock'));
    expect((await blockstill('status', job.manifest)).out).not.toContain('No run is active');
  });
});
