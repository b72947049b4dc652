import type { CompiledResources, StageResources } from './compiled-job.ts';
import type { Execution, Resources } from './spec/execution.ts';

/** What GPUs are called where nobody says otherwise. */
const usualGpu = 'nvidia.com/gpu';

interface DeviceOptions {
  readonly device: Execution['device'];
  /** What GPUs are called where the manifest doesn't say. */
  readonly gpuResourceName?: string | undefined;
}

/** What each stage gets: its own values over the common ones, and the device that follows from them. */
export function compileResources(resources: Resources, options: DeviceOptions): CompiledResources {
  return {
    prepare: stageResources(resources, resources.prepare, options),
    distill: stageResources(resources, resources.distill, options),
    finetune: stageResources(resources, resources.finetune, options),
  };
}

function stageResources(
  common: Resources,
  own: Resources['prepare'],
  { device, gpuResourceName = usualGpu }: DeviceOptions,
): StageResources {
  const gpu = {
    resourceName: own?.gpu?.resourceName ?? common.gpu.resourceName ?? gpuResourceName,
    count: own?.gpu?.count ?? common.gpu.count,
  };
  const cpu = own?.cpu ?? common.cpu;
  const memory = own?.memory ?? common.memory;
  return {
    device: device === 'Auto' ? (gpu.count > 0 ? 'GPU' : 'CPU') : device,
    gpu,
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    sharedMemory: own?.sharedMemory ?? common.sharedMemory,
  };
}
