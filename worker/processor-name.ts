/** What TensorFlow and oneDNN choose kernels by, the latest first. */
const instructionSets = ['amx_bf16', 'avx512_bf16', 'avx512_vnni', 'avx512f', 'avx_vnni', 'avx2', 'avx'];

/**
 * The processor as far as bits depend on it, from the text of `/proc/cpuinfo`: model, generation and the instruction sets
 * that kernels are chosen by. Clouds call several generations by one name.
 */
export function processorName(cpuInfo: string): string {
  const valueOf = (name: string): string | undefined =>
    new RegExp(`^${name}\\s*:(.*)$`, 'm').exec(cpuInfo)?.[1]?.trim();
  const flags = new Set(valueOf('flags')?.split(/\s+/));
  const generation = [valueOf('cpu family'), valueOf('model')].filter((part) => part !== undefined);
  const details = [
    ...(generation.length === 0 ? [] : [`family ${generation.join(' model ')}`]),
    ...instructionSets.filter((name) => flags.has(name)),
  ];
  const name = valueOf('model name') ?? 'unknown CPU';
  return details.length === 0 ? name : `${name} (${details.join(', ')})`;
}
