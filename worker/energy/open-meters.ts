import { cpus } from 'node:os';
import { unknownReading, type EnergyReading } from '../contract/energy-reading.ts';
import { describeFailure } from './describe-failure.ts';
import { DeviceMeter, type DeviceMeterOptions } from './device-meter.ts';
import { findGpu } from './find-gpu.ts';
import { gpuSource } from './gpu-source.ts';
import { openNvml, type GpuState, type Nvml, type NvmlDevice } from './nvml.ts';
import { openMachine } from './open-machine.ts';
import { ownProcess } from './own-process.ts';
import { openRapl } from './rapl.ts';
import type { VisibleGpu } from './visible-gpu.ts';

export interface MeterPlan {
  /** Absent for a unit that runs on processors alone. */
  readonly gpu?: {
    readonly visible: VisibleGpu;
    /** The name or the path of NVML's library. */
    readonly library: string;
    readonly mpsClient: boolean;
  };
  /** Present to measure every GPU of this machine, whoever uses it. */
  readonly machine?: { readonly library: string };
  readonly powercap: string;
}

export interface OpenMeters extends Disposable {
  readonly meters: readonly DeviceMeter[];
  /** Of devices that can't be measured. */
  readonly unknown: readonly EnergyReading[];
  gpuState(): GpuState | undefined;
}

/** A meter for every device of the unit that can be measured, and a reason for every other one. */
export async function openMeters(plan: MeterPlan, options: DeviceMeterOptions): Promise<OpenMeters> {
  const gpu = plan.gpu === undefined ? undefined : await openGpu(plan.gpu, options);
  const machine = plan.machine === undefined ? undefined : await openMachine(plan.machine.library, options);
  const rapl = openRapl(plan.powercap, cpus()[0]?.model);
  return {
    meters: [
      ...(gpu?.meter === undefined ? [] : [gpu.meter]),
      ...(machine?.meters ?? []),
      ...rapl.sources.map((source) => new DeviceMeter(source, options)),
    ],
    unknown: [
      ...(gpu?.unknown === undefined ? [] : [gpu.unknown]),
      ...(machine?.unknown ?? []),
      ...rapl.unknown,
    ],
    gpuState: () => stateOf(gpu?.device),
    [Symbol.dispose]: () => {
      try {
        (gpu ?? machine)?.nvml?.[Symbol.dispose]();
      } catch {
        // The process ends its use of the driver anyway.
      }
    },
  };
}

interface OpenGpu {
  readonly nvml?: Nvml;
  readonly device?: NvmlDevice;
  readonly meter?: DeviceMeter;
  readonly unknown?: EnergyReading;
}

async function openGpu(
  { visible, library, mpsClient }: NonNullable<MeterPlan['gpu']>,
  options: DeviceMeterOptions,
): Promise<OpenGpu> {
  if (visible.kind === 'None') {
    const { kind: _, reason, ...sharing } = visible;
    return { unknown: unknownReading({ device: 'GPU', kind: 'GPU', ...sharing }, reason) };
  }
  let nvml: Nvml | undefined;
  let device: NvmlDevice | undefined;
  try {
    nvml = await openNvml(library);
    device = findGpu(nvml, visible);
    const source = gpuSource(device, { mpsClient, ownProcess: ownProcess() });
    return { nvml, device, meter: new DeviceMeter(source, options) };
  } catch (error) {
    return {
      ...(nvml === undefined ? {} : { nvml }),
      ...(device === undefined ? {} : { device }),
      unknown: unknownReading({ device: device?.uuid ?? 'GPU', kind: 'GPU' }, describeFailure(error)),
    };
  }
}

function stateOf(device: NvmlDevice | undefined): GpuState | undefined {
  try {
    return device?.state();
  } catch {
    // It would be the reason of the reading, too, if it went on.
    return undefined;
  }
}
