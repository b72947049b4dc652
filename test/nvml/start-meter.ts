import { EnergyMeter, type EnergyMeterOptions } from '../../worker/energy/energy-meter.ts';
import type { NvmlStandIn } from './nvml-stand-in.ts';

/** A meter of the stand-in's card, and of no processor. */
export async function startMeterOn(
  { library }: NvmlStandIn,
  { environment, ...options }: Partial<EnergyMeterOptions> = {},
): Promise<EnergyMeter> {
  return await EnergyMeter.start({
    device: 'GPU',
    environment: { BLOCKSTILL_NVML: library, BLOCKSTILL_POWERCAP: '/nowhere', ...environment },
    ...options,
  });
}
