import { expect, test } from 'vitest';
import { compileJob } from '../../crds/compile-job.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import { precisionWarnings } from './precision-warnings.ts';

const cpuInfo = (flags: string): string =>
  `processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu ${flags} ospke\nbugs\t\t: none\n`;

function specOf(execution: object, resources: object = {}): JobSpec {
  return compileJob({
    apiVersion: 'blockstill.dev/v1alpha1',
    kind: 'DistillationJob',
    metadata: { name: 'small' },
    spec: {
      teacher: { uri: 'file:///teacher' },
      dataset: { format: 'NPZ', train: { uri: 'file:///train.npz' } },
      output: { uri: 'file:///student' },
      execution,
      resources,
    },
  }).spec;
}

const onCpu = { device: 'CPU', precision: 'BFloat16' };

test('BFloat16 on a CPU without instructions for it is slow, and the warning says what to do', () => {
  const [warning] = precisionWarnings(specOf(onCpu), cpuInfo('avx2 avx512f avx512_vnni'));
  expect(warning).toContain('5 to 12 times as long');
  expect(warning).toContain('Set spec.execution.precision to Float32');
});

test('one stage that trains on such a CPU is enough', () => {
  const spec = specOf({ precision: 'BFloat16' }, { finetune: { gpu: { count: 0 } } });
  expect(precisionWarnings(spec, cpuInfo('avx2'))).toHaveLength(1);
});

test.each([
  ['a CPU with AVX-512 BF16', specOf(onCpu), cpuInfo('avx2 avx512_bf16')],
  ['a CPU with AMX', specOf(onCpu), cpuInfo('avx2 amx_bf16 amx_tile')],
  ['a CPU that does not say what it can', specOf(onCpu), ''],
  ['Float32', specOf({ device: 'CPU' }), cpuInfo('avx2')],
  ['a GPU', specOf({ device: 'GPU', precision: 'BFloat16' }), cpuInfo('avx2')],
  [
    'a prepare on the CPU when the training is on a GPU',
    specOf({ precision: 'BFloat16' }, { prepare: { gpu: { count: 0 } } }),
    cpuInfo('avx2'),
  ],
])('%s is no reason to warn', (_, spec, info) => {
  expect(precisionWarnings(spec, info)).toEqual([]);
});
