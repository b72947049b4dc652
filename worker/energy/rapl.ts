import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unknownReading, type EnergyReading } from '../contract/energy-reading.ts';
import { type EnergySource, type SourceSample } from './device-meter.ts';

/** Where Linux shows energy counters of processors. */
export const powercapFolder = '/sys/class/powercap';

export interface Rapl {
  readonly sources: readonly EnergySource[];
  /** Zones that can't be read, or the processor when there are none at all. */
  readonly unknown: readonly EnergyReading[];
}

/**
 * The counters of processor packages and of their memory: Intel's Running Average Power Limit, which AMD has as well.
 *
 * A package contains its `core` and `uncore` zones, and `psys` is the whole machine: they would count twice. So would
 * `intel-rapl-mmio`, which is the packages again, by another way.
 *
 * @param model of the processor
 * @see https://docs.kernel.org/power/powercap/powercap.html
 */
export function openRapl(root: string, model: string | undefined): Rapl {
  const processor = { device: 'CPU', kind: 'CPU' as const, ...(model === undefined ? {} : { model }) };
  const listed = attempt(() => readdirSync(root));
  const names = 'value' in listed ? listed.value.filter((name) => /^intel-rapl:\d+(:\d+)?$/.test(name)) : [];
  const zones = names.sort().flatMap((name) => zoneOf(root, name));
  if (zones.length === 0) {
    const why =
      'failure' in listed && listed.failure.code !== 'ENOENT'
        ? `${root} can't be read (${listed.failure.code})`
        : `${root} has no intel-rapl zone, as in most virtual machines and containers`;
    return { sources: [], unknown: [unknownReading(processor, why)] };
  }
  const opened = zones.map((zone) => openZone(zone, model));
  return {
    sources: opened.flatMap((each) => ('source' in each ? [each.source] : [])),
    unknown: opened.flatMap((each) => ('unknown' in each ? [each.unknown] : [])),
  };
}

interface Zone {
  readonly folder: string;
  readonly device: string;
  readonly kind: 'CPU' | 'DRAM';
}

function zoneOf(root: string, name: string): readonly Zone[] {
  const folder = join(root, name);
  const label = readLabel(folder);
  if (label.startsWith('package')) return [{ folder, device: label, kind: 'CPU' }];
  if (label !== 'dram') return [];
  // Every socket has a zone of this name, inside that of its package.
  const owner = readLabel(join(root, name.replace(/:\d+$/, '')));
  return [{ folder, device: owner.replace(/^package/, 'dram'), kind: 'DRAM' }];
}

function readLabel(folder: string): string {
  const label = attempt(() => readFileSync(join(folder, 'name'), 'utf8').trim());
  return 'value' in label ? label.value : '';
}

function openZone(
  { folder, device, kind }: Zone,
  model: string | undefined,
): { source: EnergySource } | { unknown: EnergyReading } {
  const described = { device, kind, ...(model === undefined || kind !== 'CPU' ? {} : { model }) };
  const range = readJoules(folder, 'max_energy_range_uj');
  const energy = readJoules(folder, 'energy_uj');
  if ('failure' in energy) return { unknown: unknownReading(described, energy.failure) };
  if ('failure' in range) return { unknown: unknownReading(described, range.failure) };
  const read = (seconds: () => number): SourceSample => {
    const before = seconds();
    const joules = readJoules(folder, 'energy_uj');
    return {
      seconds: (before + seconds()) / 2,
      ...('value' in joules ? { joules: joules.value } : { failure: joules.failure }),
    };
  };
  return { source: { ...described, method: 'Counter', wrapJoules: range.value, read } };
}

function readJoules(folder: string, file: string): { value: number } | { failure: string } {
  const path = join(folder, file);
  const text = attempt(() => readFileSync(path, 'utf8').trim());
  if ('failure' in text) {
    const { code } = text.failure;
    return {
      failure:
        code === 'EACCES' || code === 'EPERM'
          ? `${path} may not be read: Linux lets only root read it`
          : `${path} can't be read (${code})`,
    };
  }
  return /^\d+$/.test(text.value)
    ? { value: Number(text.value) / 1e6 }
    : { failure: `${path} holds no number of microjoules: ${JSON.stringify(text.value.slice(0, 40))}` };
}

function attempt<T>(read: () => T): { value: T } | { failure: { code: string } } {
  try {
    return { value: read() };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    return { failure: { code } };
  }
}
