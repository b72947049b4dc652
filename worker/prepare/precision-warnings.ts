import type { JobSpec } from '../contract/job-spec.ts';

/** Flags in `/proc/cpuinfo` of processors that multiply bfloat16 by themselves: Intel's and AMD's. */
const bfloat16Flags = ['avx512_bf16', 'amx_bf16'];

/**
 * BFloat16 on a processor without instructions for it is emulated, and far slower than what it is meant to speed up.
 *
 * @param cpuInfo the text of `/proc/cpuinfo`; one without flags says nothing, and then nothing is said
 */
export function precisionWarnings(
  { execution, resources }: Pick<JobSpec, 'execution' | 'resources'>,
  cpuInfo: string,
): string[] {
  const trainsOnCpu = [resources.distill, resources.finetune].some(({ device }) => device === 'CPU');
  if (execution.precision !== 'BFloat16' || !trainsOnCpu) return [];
  const flags = /^flags\s*:(.*)$/m.exec(cpuInfo)?.[1]?.split(/\s+/);
  if (flags === undefined || bfloat16Flags.some((flag) => flags.includes(flag))) return [];
  return [
    'spec.execution.precision is BFloat16, but this CPU has no instructions for it (neither avx512_bf16 nor amx_bf16): training takes 5 to 12 times as long as with Float32. Set spec.execution.precision to Float32.',
  ];
}
