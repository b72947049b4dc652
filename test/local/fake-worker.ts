/**
 * A worker that obeys the contract and trains nothing: it counts steps. `FAKE_WORKER` (JSON) says how it behaves. What it
 * did stands in `journal.txt` of the exchange, one line an event.
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Plan, Profile } from '../../worker/contract/plan.ts';
import type { Artifact } from '../../worker/contract/primitives.ts';
import type { Progress } from '../../worker/contract/progress.ts';
import type { UnitResult } from '../../worker/contract/unit-result.ts';
import type { UnitSpec } from '../../worker/contract/unit-spec.ts';
import type { FakeBehaviour } from './fake-behaviour.ts';
import { unknownReading } from '../../worker/contract/energy-reading.ts';

const [, , command = '', , specPath = ''] = process.argv;
const spec: UnitSpec = JSON.parse(readFileSync(specPath, 'utf8'));
const behaviour: FakeBehaviour = JSON.parse(process.env['FAKE_WORKER'] ?? '{}');
const fault = behaviour.faults?.[spec.unit]?.[spec.attempt.number - 1];
const unitFolder = join(spec.exchange, spec.unit);
const folder = join(unitFolder, spec.attempt.id);
const started = new Date();
const steps = behaviour.steps ?? 3;
let stopped = false;
process.on('SIGTERM', () => {
  if (fault === 'hang') return;
  stopped = true;
});

mkdirSync(folder, { recursive: true });
const finished = readdirSync(unitFolder).some((attempt) =>
  existsSync(join(unitFolder, attempt, 'result.json')),
);
journal(finished ? 'start-again' : 'start');
await work();

async function work(): Promise<void> {
  if (fault === 'invalid') fail(64, 'dataset.train.uri: The file is truncated.');
  if (fault === 'crash') fail(1, 'The fake worker was told to crash.');
  if (fault === 'without-result') process.exit(0);
  if (fault === 'interrupted') process.exit(75);
  if (fault === 'hang') while (true) await setTimeout(1000);
  for (let step = checkpoint(); step < steps; step++) {
    if (stopped) process.exit(75);
    report(step);
    await setTimeout(behaviour.stepMilliseconds ?? 1);
    journal(`step ${step}`);
    writeAtomically(join(folder, 'checkpoint'), String(step + 1));
  }
  commit();
  if (fault === 'crash-after-commit') process.exit(1);
}

/** The furthest step that any attempt at this unit has reached. */
function checkpoint(): number {
  const paths = readdirSync(unitFolder).map((attempt) => join(unitFolder, attempt, 'checkpoint'));
  return Math.max(
    0,
    ...paths.filter((path) => existsSync(path)).map((path) => Number(readFileSync(path, 'utf8'))),
  );
}

function commit(): void {
  const results: Readonly<Record<string, () => UnitResult>> = {
    prepare: prepareResult,
    baseline: baselineResult,
    distill: distillResult,
    finetune: finetuneResult,
  };
  const result = results[command]?.() ?? missing('stage');
  writeAtomically(join(folder, 'result.json'), JSON.stringify(result));
  journal('commit');
}

function common() {
  return {
    version: 1,
    jobUid: spec.job.uid,
    unit: spec.unit,
    attempt: spec.attempt.id,
    specDigest: spec.specDigest,
    platform: {
      device: 'CPU',
      deviceName: behaviour.deviceName ?? 'fake CPU',
      tensorflow: '2.20.0',
      threads: 1,
      precision: 'Float32',
      reproducible: true,
    },
    startTime: started.toISOString(),
    completionTime: new Date().toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    energy: [unknownReading({ device: 'CPU', kind: 'CPU' }, 'no meter')],
  } as const;
}

function prepareResult(): UnitResult {
  const cost = { parameters: 9000, macs: 90_000 };
  const accuracy = { value: 0.99, samples: 1000, standardError: 0.003, measure: 'Top1' } as const;
  const names = Array.from({ length: behaviour.blocks ?? 2 }, (_, index) => `conv_${index}`);
  const plan: Plan = {
    version: 1,
    specDigest: spec.specDigest,
    seed: 0,
    batchSize: 10,
    teacher: {
      path: 'teacher',
      digest: digest(behaviour.teacher ?? 'teacher'),
      cost: { parameters: 100_000, macs: 1_000_000 },
      inputShape: [8, 8, 1],
      outputShape: [10],
      accuracy: { validation: accuracy, test: null, reason: 'there is no test data' },
    },
    dataset: {
      path: 'data',
      digest: digest(behaviour.data ?? 'data'),
      classes: 10,
      samples: { train: 100, validation: 10, test: null },
    },
    boundaries: ['input', ...names],
    blocks: names.map((name, index) => ({
      name,
      layers: [name, `${name}_relu`],
      input: names[index - 1] ?? 'input',
      output: name,
      inputShape: [8, 8, 16],
      outputShape: [8, 8, 16],
      meanSquare: 1,
      teacher: cost,
      replacement: { parameters: 3000, macs: 30_000 },
    })),
    candidates: ['conv_first', ...names],
    kept: [{ name: 'conv_first', layers: ['conv_first'], reason: 'the replacement is not cheaper' }],
    threads: { prepare: 1, distill: 1 },
    warnings: [],
  };
  const profile: Profile = {
    version: 1,
    device: 'fake CPU',
    teacherSeconds: 0.01,
    blocks: names.map((name, index) => ({ name, stepSeconds: 0.01 * (index + 1), prefixSeconds: 0.001 })),
    warnings: [],
  };
  return {
    ...common(),
    stage: 'Prepare',
    plan: artifact('plan.json', plan),
    profile: artifact('profile.json', profile),
    artifacts: [],
  };
}

function distillResult(): UnitResult {
  const collapsed = behaviour.collapsed?.includes(spec.unit) === true;
  return {
    ...common(),
    stage: 'Distill',
    planDigest: spec.plan?.digest ?? missing('plan'),
    activations: 'Memory',
    sharedSeconds: 0,
    blocks: (spec.blocks ?? missing('blocks')).map((name) => ({
      name,
      state: collapsed ? 'Collapsed' : 'Distilled',
      ...(collapsed ? { reason: 'unexplained variance is 1.2' } : {}),
      trainings: collapsed ? 2 : 1,
      epochs: 1,
      stopReason: 'Finished',
      loss: 0.0123456,
      unexplainedVariance: collapsed ? 1.2 : 0.05,
      score: { value: 0.98, samples: 1000, standardError: 0.004, measure: 'Top1' },
      history: [{ loss: 0.0123456, validationLoss: 0.02 }],
      seconds: 1.23456,
      weights: collapsed ? null : artifact(`${name}.weights`, `${spec.unit} ${name}`),
    })),
  };
}

function baselineResult(): UnitResult {
  return {
    ...common(),
    stage: 'Baseline',
    planDigest: spec.plan?.digest ?? missing('plan'),
    activations: 'Memory',
    sharedSeconds: 0,
    blocks: (spec.blocks ?? missing('blocks')).map((name) => ({
      name,
      state: 'Distilled',
      trainings: 1,
      epochs: 1,
      stopReason: 'Finished',
      loss: 0.0123456,
      unexplainedVariance: 0.05,
      score: null,
      history: [],
      seconds: 1.23456,
      weights: null,
    })),
  };
}

function finetuneResult(): UnitResult {
  const results = spec.results ?? missing('results');
  const accuracy = { value: 0.985, samples: 1000, standardError: 0.004, measure: 'Top1' } as const;
  const accuracies = { validation: accuracy, test: null, reason: 'there is no test data' };
  const latency = [{ batchSize: 1, milliseconds: 2, repeats: 10 }];
  const accepted = behaviour.accepted !== false;
  const blocks = results.flatMap(({ path }) => {
    const result: UnitResult = JSON.parse(readFileSync(join(spec.exchange, path), 'utf8'));
    return result.stage === 'Distill' ? result.blocks : [];
  });
  return {
    ...common(),
    stage: 'Finetune',
    planDigest: spec.plan?.digest ?? missing('plan'),
    blocks: [
      ...blocks.map(({ name, state }) => ({ name, replaced: state === 'Distilled', scoreDrop: 0.01 })),
      ...(spec.failedBlocks ?? []).map(({ name, reason }) => ({
        name,
        replaced: false,
        reason,
        scoreDrop: null,
      })),
    ],
    teacher: { cost: { parameters: 100_000, macs: 1_000_000 }, accuracy: accuracies, latency },
    student: {
      cost: { parameters: 25_000, macs: 200_000 },
      stages: [{ stage: 'Stitched', accuracy: accuracies }],
      chosen: 'Stitched',
      latency: [{ batchSize: 1, milliseconds: 1, repeats: 10 }],
      digest: digest('student'),
      uri: accepted ? spec.spec.output.uri : null,
    },
    accepted,
    ...(accepted ? {} : { reason: 'The student loses 7.1 points on the validation split; 5 are allowed.' }),
    history: [],
    artifacts: [artifact('student.json', 'student')],
  };
}

function report(step: number): void {
  const progress: Progress = {
    version: 1,
    stage: spec.stage,
    unit: spec.unit,
    attempt: spec.attempt.id,
    activity: 'Counting',
    fraction: step / steps,
    samplesPerSecond: 1000,
    etaSeconds: steps - step,
    blocks: (spec.blocks ?? []).map((name) => ({
      name,
      state: 'Training',
      epoch: 0,
      epochs: 1,
      step,
      steps,
      loss: 1 / (step + 1),
    })),
  };
  process.stdout.write(`${JSON.stringify(progress)}\n`);
}

function artifact(path: string, content: unknown): Artifact {
  const text = JSON.stringify(content);
  writeAtomically(join(folder, path), text);
  return { path, bytes: Buffer.byteLength(text), digest: digest(text) };
}

function digest(text: string): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function writeAtomically(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

function journal(event: string): void {
  appendFileSync(join(spec.exchange, 'journal.txt'), `${spec.unit} ${spec.attempt.id} ${event}\n`);
}

function fail(code: number, message: string): never {
  process.stderr.write(`${JSON.stringify({ level: 'error', message })}\n`);
  process.exit(code);
}

function missing(what: string): never {
  return fail(64, `The unit spec has no ${what}.`);
}
