import { expect, test } from 'vitest';
import { processorName } from './processor-name.ts';

const cpuInfo = (model: string, flags: string): string =>
  `processor\t: 0\ncpu family\t: 25\nmodel\t\t: ${model}\nmodel name\t: AMD EPYC\nflags\t\t: fpu ${flags} sse\n`;

test('two generations of one name are told apart, by model and by instruction sets', () => {
  expect(processorName(cpuInfo('1', 'avx avx2'))).toBe('AMD EPYC (family 25 model 1, avx2, avx)');
  expect(processorName(cpuInfo('17', 'avx avx2 avx512f avx512_vnni avx512_bf16'))).toBe(
    'AMD EPYC (family 25 model 17, avx512_bf16, avx512_vnni, avx512f, avx2, avx)',
  );
});

test('a system that does not say is an unknown CPU', () => {
  expect(processorName('')).toBe('unknown CPU');
});
