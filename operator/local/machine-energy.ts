import { readdir } from 'node:fs/promises';
import type { EnergyReading } from '../../worker/contract/energy-reading.ts';
import { EnergyMeter } from '../../worker/energy/energy-meter.ts';
import { openRapl, powercapFolder } from '../../worker/energy/rapl.ts';
import { EnergyTrack } from '../accounting/energy-track.ts';
import type { NodeWide } from '../decide/observed.ts';
import { givenGpus } from './given-gpus.ts';

export interface MachineEnergyOptions {
  /** `BLOCKSTILL_NVML` and `BLOCKSTILL_POWERCAP` name another NVML library and another folder of processors' counters. */
  readonly environment: NodeJS.ProcessEnv;
  /** The GPUs that the run was given, by the names that CUDA_VISIBLE_DEVICES takes. */
  readonly gpus: readonly string[];
  now(): Date;
  /** The folder of device files; for tests. */
  readonly deviceFiles?: string;
}

const lookSeconds = 1;
const gapSeconds = 5;
/** All of the last hours, at 256 KiB a device; and after half a day still one at least every 5 seconds. */
const mostSamples = 16_384;

/** What all GPUs and processors of this machine draw as long as it runs a job, be units running on them or not. */
export class MachineEnergy implements AsyncDisposable {
  readonly #options: MachineEnergyOptions;
  /** Undefined where there is nothing to measure. */
  readonly #meter: EnergyMeter | undefined;
  readonly #tracks = new Map<string, EnergyTrack>();
  readonly #timer: NodeJS.Timeout | undefined;
  #readings: readonly EnergyReading[] = [];

  private constructor(options: MachineEnergyOptions, meter: EnergyMeter | undefined) {
    this.#options = options;
    this.#meter = meter;
    if (meter === undefined) return;
    this.#look();
    this.#timer = setInterval(() => this.#look(), lookSeconds * 1000);
    this.#timer.unref();
  }

  /** Begins to look. Where there is neither a GPU nor a counter of the processor, nothing is started. */
  static async watch(options: MachineEnergyOptions): Promise<MachineEnergy> {
    const { environment, deviceFiles = '/dev' } = options;
    const powercap = environment['BLOCKSTILL_POWERCAP'] ?? powercapFolder;
    const rapl = openRapl(powercap, undefined);
    if (rapl.sources.length === 0 && !(await hasGpu(environment, deviceFiles))) {
      return new MachineEnergy(options, undefined);
    }
    const meter = await EnergyMeter.start({ device: 'Machine', environment });
    return new MachineEnergy(options, meter);
  }

  /** @param isOver no unit runs any more: what those draw that still run would be taken for idle */
  seen({ isOver }: { readonly isOver: boolean }): NodeWide {
    const { gpus, environment } = this.#options;
    if (this.#meter !== undefined) this.#look();
    const cards = this.#readings.filter(({ kind }) => kind === 'GPU');
    const names = new Map(
      gpus.flatMap((gpu) => givenGpus([gpu], cards, environment).map((device) => [device, `GPU ${gpu}`])),
    );
    const devices = this.#readings.flatMap(({ device, kind, model }) => {
      const power = this.#tracks.get(device);
      const name = names.get(device);
      const known = { ...(model === undefined ? {} : { model }), ...(name === undefined ? {} : { name }) };
      return power === undefined ? [] : [{ device, kind, ...known, power }];
    });
    return {
      devices,
      reserved: isOver ? givenGpus(gpus, cards, environment) : [],
      // Where nothing was even tried, the units' own meters say as much.
      problems: devices.length > 0 || this.#meter === undefined ? [] : [this.#whyNothing()],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#meter?.close();
  }

  #look(): void {
    this.#readings = this.#meter?.latest() ?? [];
    const seconds = this.#options.now().getTime() / 1000;
    for (const { device, joules, method } of this.#readings) {
      if (joules === null || method === undefined) continue;
      const track =
        this.#tracks.get(device) ?? new EnergyTrack({ method, longestSeconds: gapSeconds, mostSamples });
      this.#tracks.set(device, track);
      track.add({ seconds, joules });
    }
  }

  #whyNothing(): string {
    const why = this.#readings.flatMap(({ reason }) => reason ?? []);
    return `The energy of the whole machine is unknown: ${[...new Set(why)].join('; ')}.`;
  }
}

/** Whether it is worth asking NVML. */
async function hasGpu(environment: NodeJS.ProcessEnv, folder: string): Promise<boolean> {
  if (environment['BLOCKSTILL_NVML'] !== undefined) return true;
  const devices = await readdir(folder).catch(() => []);
  return devices.some((name) => /^nvidia\d+$/.test(name));
}
