import type { CompiledResources, StageResources } from './compiled-job.ts';
import type { Execution, Resources } from './spec/execution.ts';

/** What each stage gets: its own values over the common ones, and the device that follows from them. */
export function compileResources(resources: Resources, device: Execution['device']): CompiledResources {
  return {
    prepare: stageResources(resources, resources.prepare, device),
    distill: stageResources(resources, resources.distill, device),
    finetune: stageResources(resources, resources.finetune, device),
  };
}

function stageResources(
  common: Resources,
  own: Resources['prepare'],
  device: Execution['device'],
): StageResources {
  const gpu = {
    resourceName: own?.gpu?.resourceName ?? common.gpu.resourceName,
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
