/** Runs the MNIST example in Float32 and in BFloat16 and compares accuracy and time. Needs examples/mnist/data. */
import { spawnSync } from 'node:child_process';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DistillationJob } from '../../crds/distillation-job.ts';
import { parseDistillationJob } from '../../crds/parse-distillation-job.ts';
import type { DistillationJobStatus } from '../../crds/status.ts';

const root = resolve(import.meta.dirname, '..', '..');
const example = join(root, 'examples', 'mnist');
const precisions = ['Float32', 'BFloat16'] as const;

const manifest = parseDistillationJob(await readFile(join(example, 'job.yaml'), 'utf8'), 'job.yaml');
await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-precision-'));
for (const precision of precisions) {
  console.log(`\n${precision}`);
  printStatus(await runWith(precision));
}

async function runWith(precision: (typeof precisions)[number]): Promise<DistillationJobStatus> {
  const own = join(folder.path, precision);
  const spec: DistillationJob['spec'] = {
    ...absolute(manifest.spec),
    output: { uri: pathToFileURL(join(own, 'student')).href },
    execution: { ...manifest.spec.execution, precision },
  };
  const path = join(folder.path, `${precision}.json`);
  await writeFile(path, JSON.stringify({ ...manifest, spec }));
  const { status, stdout } = spawnSync(
    join(root, 'bin', 'blockstill'),
    ['run', path, '--storage', own, '--output', 'json'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  if (status !== 0) throw new Error(`blockstill run ended with ${status}`);
  return JSON.parse(stdout) as DistillationJobStatus;
}

/** A copy in which every relative path has become a URI. */
function absolute<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value), (key, member: unknown) => {
    const isPath = (key === 'uri' || key === 'labelsUri') && !/^[a-z0-9]+:/.test(String(member));
    return isPath ? pathToFileURL(resolve(example, String(member))).href : member;
  }) as Value;
}

function printStatus({ blocks = [], student, teacher, speedup }: DistillationJobStatus): void {
  const percent = (share: number | undefined): string => `${(100 * (share ?? Number.NaN)).toFixed(2)} %`;
  console.log(`  teacher: test ${percent(teacher?.accuracy?.test?.value)}`);
  for (const { stage, accuracy } of student?.stages ?? []) {
    console.log(`  ${stage}: test ${percent(accuracy?.test?.value)}`);
  }
  for (const { name, unexplainedVariance, seconds } of blocks) {
    if (seconds === undefined) continue;
    console.log(`  ${name}: unexplained variance ${percent(unexplainedVariance)}, ${seconds} s`);
  }
  console.log(`  distillation: ${speedup?.serialSeconds} s of training in ${speedup?.parallelSeconds} s`);
}
