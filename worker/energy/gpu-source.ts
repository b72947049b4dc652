import { describeFailure } from './describe-failure.ts';
import type { EnergySource, SourceSample } from './device-meter.ts';
import type { EnergyMethod } from './energy-integral.ts';
import { isUnsupported, NvmlError } from './nvml-error.ts';
import type { NvmlDevice } from './nvml.ts';
import { sharingOf, type SharingFacts } from './sharing.ts';

export type GpuSourceOptions = Pick<SharingFacts, 'mpsClient' | 'ownProcess'>;

/**
 * A card, by its counter where it has one.
 *
 * @throws NvmlError when it answers neither way
 */
export function gpuSource(device: NvmlDevice, options: GpuSourceOptions): EnergySource {
  const method = methodOf(device);
  return {
    device: device.uuid,
    kind: 'GPU',
    model: device.name,
    method,
    read: (seconds) => (method === 'Counter' ? readCounter(device, seconds) : readPower(device, seconds)),
    sharing: () => {
      try {
        return sharingOf({
          ...options,
          mig: device.isMigEnabled(),
          mpsProcesses: device.mpsProcesses(),
          processes: device.computeProcesses(),
        });
      } catch (error) {
        if (!(error instanceof NvmlError)) throw error;
        return { kind: 'Unknown' };
      }
    },
  };
}

function methodOf(device: NvmlDevice): EnergyMethod {
  try {
    device.millijoules();
    return 'Counter';
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    device.milliwatts();
    return 'SampledPower';
  }
}

function readCounter(device: NvmlDevice, seconds: () => number): SourceSample {
  const before = seconds();
  const joules = attempt(() => device.millijoules() / 1000);
  // Calls of the driver take up to milliseconds: when it looked is best taken for the middle.
  const at = (before + seconds()) / 2;
  // Only compared with the counter, so nothing is lost without it.
  const watts = attempt(() => device.milliwatts() / 1000);
  return { seconds: at, ...named('joules', joules), ...('value' in watts ? { watts: watts.value } : {}) };
}

function readPower(device: NvmlDevice, seconds: () => number): SourceSample {
  const before = seconds();
  const watts = attempt(() => device.milliwatts() / 1000);
  return { seconds: (before + seconds()) / 2, ...named('watts', watts) };
}

type Attempt = { readonly value: number } | { readonly failure: string };

function attempt(read: () => number): Attempt {
  try {
    return { value: read() };
  } catch (error) {
    return { failure: describeFailure(error) };
  }
}

function named(name: 'joules' | 'watts', attempted: Attempt): Partial<SourceSample> {
  return 'value' in attempted ? { [name]: attempted.value } : attempted;
}
