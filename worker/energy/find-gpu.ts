import { BlockstillError } from '../../common/error.ts';
import type { Nvml, NvmlDevice } from './nvml.ts';
import type { VisibleGpu } from './visible-gpu.ts';

/**
 * The card itself. NVML counts cards by their place on the bus; CUDA has the fastest first, unless told otherwise, so that
 * places agree only where all cards are of one model.
 *
 * @throws BlockstillError `energy/no-gpu` when it can't be found or told from others
 */
export function findGpu(nvml: Nvml, visible: VisibleGpu): NvmlDevice {
  switch (visible.kind) {
    case 'None':
      throw new BlockstillError('energy/no-gpu', visible.reason);
    case 'Uuid':
      return byUuid(nvml, visible.uuid);
    case 'Index': {
      const count = nvml.deviceCount();
      if (visible.index >= count) {
        throw new BlockstillError(
          'energy/no-gpu',
          `NVML sees ${count} GPUs, and none of number ${visible.index}`,
        );
      }
      if (!visible.inBusOrder) refuseMixture(all(nvml));
      return nvml.deviceByIndex(visible.index);
    }
  }
}

function all(nvml: Nvml): readonly NvmlDevice[] {
  return Array.from({ length: nvml.deviceCount() }, (_, index) => nvml.deviceByIndex(index));
}

/** `GPU-` and 32 hexadecimal digits in five groups; CUDA takes a part of it, too. */
const wholeUuidLength = 40;

function byUuid(nvml: Nvml, uuid: string): NvmlDevice {
  if (uuid.length === wholeUuidLength) return nvml.deviceByUuid(uuid);
  const matching = all(nvml).filter((device) => device.uuid.startsWith(uuid));
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only;
  throw new BlockstillError(
    'energy/no-gpu',
    `NVML sees ${matching.length} GPUs whose UUID begins with ${uuid}`,
  );
}

function refuseMixture(devices: readonly NvmlDevice[]): void {
  const models = new Set(devices.map(({ name }) => name));
  if (models.size <= 1) return;
  throw new BlockstillError(
    'energy/no-gpu',
    `CUDA and NVML may count GPUs of several models (${[...models].join(', ')}) differently; ` +
      'set CUDA_DEVICE_ORDER=PCI_BUS_ID, or CUDA_VISIBLE_DEVICES to a UUID',
  );
}
