import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { DistillationJobStatus } from '../../crds/status.ts';

const repository = join(import.meta.dirname, '..', '..');
const example = join(repository, 'examples/mnist');
const run = promisify(execFile);

/** What the example must reach; drops and variance are shares, not points. */
const bars = { fewerMacs: 3, stitchedDrop: 0.015, keptDrop: 0.005, unexplainedVariance: 0.12 };

test('the MNIST example, as it is committed, makes a student that is a third of the teacher and as good', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-mnist-'));
  await run(process.execPath, [join(example, 'make-data.ts')]);
  const manifest = join(folder.path, 'job.yaml');
  const text = await readFile(join(example, 'job.yaml'), 'utf8');
  // Only where things lie is changed, so that nothing is written beside the example.
  await writeFile(
    manifest,
    text
      .replace(/(uri|labelsUri): \.\/(teacher|data)/gi, `$1: ${example}/$2`)
      .replace('uri: ./student', `uri: ${join(folder.path, 'student')}`),
  );
  const storage = ['--storage', join(folder.path, 'storage')];
  const program = join(repository, 'bin/blockstill');
  await run(program, ['run', manifest, ...storage], { maxBuffer: 1 << 28 });
  const { stdout } = await run(program, ['status', manifest, ...storage, '--output', 'json']);
  const { blocks, phase, student, teacher } = JSON.parse(stdout) as DistillationJobStatus;

  expect(phase).toBe('Complete');
  expect((teacher?.macs ?? 0) / (student?.macs ?? Number.NaN)).toBeGreaterThanOrEqual(bars.fewerMacs);
  const testTop1 = (stage: string | undefined): number =>
    student?.stages?.find((each) => each.stage === stage)?.accuracy.test?.value ?? Number.NaN;
  const reference = teacher?.accuracy?.test?.value ?? Number.NaN;
  expect(reference - testTop1('Stitched')).toBeLessThanOrEqual(bars.stitchedDrop);
  expect(reference - testTop1(student?.chosen)).toBeLessThanOrEqual(bars.keptDrop);
  const replaced = blocks?.filter((block) => block.replaced === true) ?? [];
  expect(replaced.length).toBeGreaterThan(0);
  for (const { name, unexplainedVariance } of replaced) {
    expect(unexplainedVariance, name).toBeLessThanOrEqual(bars.unexplainedVariance);
  }
}, 600_000);
