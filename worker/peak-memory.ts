import type { PeakMemory } from './contract/unit-result.ts';
import type { WorkContext } from './work-context.ts';

/**
 * The most memory that this process has taken so far, and its GPU. TensorFlow takes memory of a card as it needs it, and
 * keeps it: so a look a second misses little.
 */
export async function peakMemory(
  device: 'CPU' | 'GPU',
  energy: Pick<WorkContext['energy'], 'mark' | 'gpuPeakMemoryBytes'>,
): Promise<PeakMemory> {
  // In KiB on every system.
  const hostBytes = process.resourceUsage().maxRSS * 1024;
  if (device === 'CPU') return { hostBytes, deviceBytes: null, reason: 'the unit ran on processors alone' };
  // Its meter looks at the card now, too.
  const gpu = (await energy.mark()).find(({ kind }) => kind === 'GPU');
  const unknown = (reason: string): PeakMemory => ({ hostBytes, deviceBytes: null, reason });
  if (gpu?.sharing === 'Shared') return unknown(gpu.reason ?? 'the GPU is shared');
  const deviceBytes = energy.gpuPeakMemoryBytes();
  if (deviceBytes !== undefined) return { hostBytes, deviceBytes };
  const whyUnmetered = gpu?.joules === null ? gpu.reason : undefined;
  return unknown(whyUnmetered ?? 'the card does not tell how much of its memory is in use');
}
