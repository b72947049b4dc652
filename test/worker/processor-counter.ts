import { mkdir, mkdtempDisposable, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The energy counter of a processor as Linux shows it, at what the test says. */
export interface ProcessorCounter extends AsyncDisposable {
  /** What a worker that is to go by it has in its environment. */
  readonly environment: { readonly BLOCKSTILL_POWERCAP: string };
  set(joules: number): Promise<void>;
}

export async function processorCounter(joules: number): Promise<ProcessorCounter> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'powercap-'));
  const zone = join(folder.path, 'intel-rapl:0');
  await mkdir(zone);
  await writeFile(join(zone, 'name'), 'package-0\n');
  await writeFile(join(zone, 'max_energy_range_uj'), '262143328850\n');
  const set = async (value: number): Promise<void> => {
    // A reader sees the old figure or the new one.
    await writeFile(join(zone, 'energy_uj.new'), `${Math.round(value * 1e6)}\n`);
    await rename(join(zone, 'energy_uj.new'), join(zone, 'energy_uj'));
  };
  await set(joules);
  return {
    environment: { BLOCKSTILL_POWERCAP: folder.path },
    set,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
