import type { Platform } from './contract/primitives.ts';
import type { UnitSpec } from './contract/unit-spec.ts';
import { processorName } from './processor-name.ts';
import { loadRuntime } from './tensorflow.ts';
import type { WorkContext } from './work-context.ts';

/**
 * Settles what bits depend on besides the inputs: fixes the thread counts, loads TensorFlow, and says what it runs on.
 * Must come before anything else that loads TensorFlow, which reads the thread counts once.
 *
 * @throws BlockstillError `tensorflow/gpu-not-used` when a GPU was asked for and TensorFlow does not use it.
 */
export function openPlatform(
  { spec: unit, cpuInfo }: Pick<WorkContext, 'spec' | 'cpuInfo'>,
  threads: number,
): Platform {
  const device = deviceOf(unit);
  fixThreads(threads);
  const { version } = loadRuntime({ device });
  return {
    device,
    deviceName: device === 'CPU' ? processorName(cpuInfo) : 'GPU',
    tensorflow: version,
    threads,
    precision: unit.spec.execution.precision,
    reproducible: device === 'CPU',
  };
}

/** What the manifest asks for the stage to run on. */
export function deviceOf({ spec, stage }: UnitSpec): 'CPU' | 'GPU' {
  switch (stage) {
    case 'Prepare':
      return spec.resources.prepare.device;
    case 'Baseline':
    case 'Distill':
      return spec.resources.distill.device;
    case 'Finetune':
      return spec.resources.finetune.device;
  }
}

/** TensorFlow's thread counts decide the order in which sums are added, and so their last bits. */
function fixThreads(threads: number): void {
  process.env['TF_NUM_INTRAOP_THREADS'] = String(threads);
  process.env['TF_NUM_INTEROP_THREADS'] = '1';
  process.env['OMP_NUM_THREADS'] = String(threads);
}
