import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { BlockstillError } from '../../common/error.ts';

/**
 * The GPUs that a worker may be given, by the names that CUDA_VISIBLE_DEVICES takes: those that the variable lists, else
 * all that the NVIDIA driver shows.
 */
export async function visibleGpus(environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const listed = environment['CUDA_VISIBLE_DEVICES'];
  if (listed !== undefined) return listed.split(',').filter((name) => name !== '' && name !== '-1');
  const devices = await readdir('/dev').catch(() => []);
  return devices
    .flatMap((name) => /^nvidia(\d+)$/.exec(name)?.[1] ?? [])
    .toSorted((a, b) => Number(a) - Number(b));
}

/** What workers can be put on: GPUs by name, or the CPU. */
export type Devices =
  | { readonly kind: 'CPU'; readonly cores: number }
  | { readonly kind: 'GPU'; readonly names: readonly string[] };

/**
 * @throws BlockstillError `run/no-gpu` when a GPU is asked for and there is none: never a silent fallback
 */
export async function findDevices(wanted: 'CPU' | 'GPU', environment: NodeJS.ProcessEnv): Promise<Devices> {
  if (wanted === 'CPU') return { kind: 'CPU', cores: availableParallelism() };
  const names = await visibleGpus(environment);
  if (names.length > 0) return { kind: 'GPU', names };
  throw new BlockstillError('run/no-gpu', 'The job asks for a GPU, and this machine shows none.', {
    where: 'spec.execution.device',
    hint: 'Set spec.execution.device to CPU, or check the NVIDIA driver and CUDA_VISIBLE_DEVICES. Auto means GPU unless spec.resources.gpu.count is 0.',
  });
}

/** Workers that the devices can hold: one a GPU; on a CPU as many as the cores allow, at least one. */
export function workersThatFit(devices: Devices, threadsAUnit: number): number {
  return devices.kind === 'GPU'
    ? devices.names.length
    : Math.max(1, Math.floor(devices.cores / threadsAUnit));
}
