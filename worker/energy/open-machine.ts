import { unknownReading, type EnergyReading } from '../contract/energy-reading.ts';
import { describeFailure } from './describe-failure.ts';
import { DeviceMeter, type DeviceMeterOptions } from './device-meter.ts';
import { gpuSource } from './gpu-source.ts';
import { openNvml, type Nvml } from './nvml.ts';

export interface MachineMeters {
  readonly nvml?: Nvml;
  readonly meters: readonly DeviceMeter[];
  /** Of cards that can't be measured, or of all of them. */
  readonly unknown: readonly EnergyReading[];
}

/** A meter for every GPU of this machine, whoever uses it: what it draws is asked for, not whose doing that is. */
export async function openMachine(library: string, options: DeviceMeterOptions): Promise<MachineMeters> {
  let nvml: Nvml;
  let count: number;
  try {
    nvml = await openNvml(library);
    count = nvml.deviceCount();
  } catch (error) {
    return { meters: [], unknown: [unknownReading({ device: 'GPU', kind: 'GPU' }, describeFailure(error))] };
  }
  const opened = Array.from({ length: count }, (_, index) => openCard(nvml, index, options));
  return {
    nvml,
    meters: opened.flatMap((each) => (each instanceof DeviceMeter ? [each] : [])),
    unknown: opened.flatMap((each) => (each instanceof DeviceMeter ? [] : [each])),
  };
}

function openCard(nvml: Nvml, index: number, options: DeviceMeterOptions): DeviceMeter | EnergyReading {
  let device = `GPU ${index}`;
  try {
    const card = nvml.deviceByIndex(index);
    device = card.uuid;
    const { sharing: _, ...source } = gpuSource(card, { mpsClient: false, ownProcess: undefined });
    return new DeviceMeter(source, options);
  } catch (error) {
    return unknownReading({ device, kind: 'GPU' }, describeFailure(error));
  }
}
