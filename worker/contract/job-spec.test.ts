import { describe, expect, it, test } from 'vitest';
import { compileJob } from '../../crds/compile-job.ts';
import type { CompiledSpec } from '../../crds/compiled-job.ts';
import { digestOfBytes } from '../../common/digest.ts';
import { specDigests } from './job-spec.ts';

const { spec } = compileJob({
  apiVersion: 'blockstill.dev/v1alpha1',
  kind: 'DistillationJob',
  metadata: { name: 'digests' },
  spec: {
    teacher: { uri: 'file:///teacher' },
    dataset: { format: 'NPZ', train: { uri: 'file:///train.npz' } },
    output: { uri: 'file:///student' },
    execution: { device: 'CPU' },
  },
});

/** The spec with another value at a path. */
function edited(path: string, value: unknown): CompiledSpec {
  const copy = structuredClone(spec) as unknown as Record<string, unknown>;
  const names = path.split('.');
  const last = names.pop() ?? '';
  let place = copy;
  for (const name of names) place = (place[name] ??= {}) as Record<string, unknown>;
  if (place[last] === value) throw new Error(`${path} is ${String(value)} already`);
  place[last] = value;
  return copy as unknown as CompiledSpec;
}

const blocks: readonly (readonly [string, unknown])[] = [
  ['teacher.uri', 'file:///other'],
  ['dataset.format', 'NPY'],
  ['dataset.train.uri', 'file:///other.npz'],
  ['dataset.validation.fraction', 0.31],
  ['dataset.preprocessing.rescale', 0.5],
  ['dataset.augmentation.horizontalFlip', true],
  ['partition.strategy', 'Stages'],
  ['replacement.candidates', []],
  ['distill.epochs', 77],
  ['distill.steps', 77],
  ['distill.batchSize', 7],
  ['distill.optimizer.name', 'SGD'],
  ['distill.learningRate.initial', 0.5],
  ['distill.loss', 'MSE'],
  ['distill.earlyStopping.patience', 7],
  ['stitch.recalibrationBatches', 7],
  ['execution.precision', 'BFloat16'],
  ['execution.seed', 77],
  ['execution.threads.prepare', 7],
  ['execution.threads.distill', 7],
  ['resources.prepare.device', 'GPU'],
  ['resources.distill.device', 'GPU'],
];
const student: readonly (readonly [string, unknown])[] = [
  ['stitch.maxScoreDrop', 0.5],
  ['stitch.maxStitchedDrop', 0.5],
  ['finetune.epochs', 77],
  ['acceptance.maxAccuracyDrop', 0.5],
  ['output.uri', 'file:///other'],
  ['execution.threads.finetune', 7],
  ['resources.finetune.device', 'GPU'],
];
const nothing: readonly (readonly [string, unknown])[] = [
  ['distill.onUnitFailure', 'KeepTeacher'],
  ['storage.retain', 'Always'],
  ['execution.packing', 'Auto'],
  ['execution.maxParallel', 7],
  ['execution.activationCache.mode', 'Recompute'],
  ['execution.pendingDeadlineSeconds', 7],
  ['execution.idleBaselineSeconds', 7],
  ['resources.distill.cpu', '7'],
  ['pod.image', 'other'],
  ['suspend', true],
  ['backoffLimit', 7],
  ['retry', 7],
];

describe('what a result counts for', () => {
  const before = specDigests(spec);

  it.each(blocks)('changes for all with %s', (path, value) => {
    const after = specDigests(edited(path, value));
    expect(after.Prepare).not.toBe(before.Prepare);
    expect(after.Distill).not.toBe(before.Distill);
    expect(after.Finetune).not.toBe(before.Finetune);
  });

  it.each(student)('changes for the student alone with %s', (path, value) => {
    const after = specDigests(edited(path, value));
    expect(after).toEqual({ ...before, Finetune: after.Finetune });
    expect(after.Finetune).not.toBe(before.Finetune);
  });

  it.each(nothing)('stays with %s', (path, value) => {
    expect(specDigests(edited(path, value))).toEqual(before);
  });

  test('changes for all with the files of the teacher', () => {
    const after = specDigests(spec, digestOfBytes(Buffer.from('weights')));
    expect(Object.values(after).some((digest) => Object.values(before).includes(digest))).toBe(false);
  });
});
