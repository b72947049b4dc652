import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildNvmlStandIn, monotonicSeconds, type NvmlStandIn } from '../../test/nvml/nvml-stand-in.ts';
import { until } from '../../test/nvml/pulse.ts';
import { MachineEnergy } from './machine-energy.ts';

let standIn: NvmlStandIn;
beforeAll(async () => void (standIn = await buildNvmlStandIn()));
afterAll(async () => await standIn[Symbol.asyncDispose]());

const [first, second] = [
  'GPU-11111111-1111-1111-1111-111111111111',
  'GPU-22222222-2222-2222-2222-222222222222',
];
const script = [
  `device ${first} NVIDIA A100`,
  'power 0 300',
  'mig 1',
  `device ${second} NVIDIA A100`,
  'power 0 50',
];
/** The clock that the script's times count on. */
const now = (): Date => new Date(monotonicSeconds() * 1000);

describe('the energy of this machine', () => {
  it('is that of all its GPUs, whoever uses them and whether or not they are in parts', async () => {
    await standIn.play(...script);
    const environment = { BLOCKSTILL_NVML: standIn.library, BLOCKSTILL_POWERCAP: '/nowhere' };
    await using machine = await MachineEnergy.watch({ environment, gpus: ['1'], now });
    const start = monotonicSeconds();
    await until(start + 2.6);
    const { devices, reserved, problems } = machine.seen({ isOver: true });
    expect(problems).toEqual([]);
    expect(reserved).toEqual([second]);
    expect(machine.seen({ isOver: false }).reserved).toEqual([]);
    expect(devices.map(({ device, kind, model, power }) => [device, kind, model, power.method])).toEqual([
      [first, 'GPU', 'NVIDIA A100', 'Counter'],
      [second, 'GPU', 'NVIDIA A100', 'Counter'],
    ]);
    const joules = await vi.waitFor(
      () => {
        const energies = machine
          .seen({ isOver: true })
          .devices.map(({ power }) => power.energyOf({ start, end: start + 2.5 }));
        expect(energies).not.toContainEqual(expect.objectContaining({ joules: null }));
        return energies.map(({ joules: each }) => each ?? NaN);
      },
      { timeout: 20_000 },
    );
    // A look says what was so a tenth of a second ago, at most.
    expect(Math.abs(joules[0]! - 750)).toBeLessThan(75);
    expect(Math.abs(joules[1]! - 125)).toBeLessThan(12.5);
  });

  it('is that of its processors where only they can be read', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'powercap-'));
    const zone = join(folder.path, 'intel-rapl:0');
    await mkdir(zone);
    const put = async (file: string, text: string) => await writeFile(join(zone, file), text);
    await put('name', 'package-0\n');
    await put('max_energy_range_uj', '262143328850\n');
    await put('energy_uj', '1000000\n');
    const environment = { BLOCKSTILL_POWERCAP: folder.path };
    await using machine = await MachineEnergy.watch({ environment, gpus: [], now });
    // The thread that looks has just begun.
    await vi.waitFor(() => expect(machine.seen({ isOver: true }).devices).toHaveLength(1));
    expect(machine.seen({ isOver: true })).toMatchObject({
      devices: [{ device: 'package-0', kind: 'CPU' }],
      problems: [],
    });
  });

  it('is not looked for where nothing can be read: the units say why', async () => {
    const environment = { BLOCKSTILL_POWERCAP: '/nowhere' };
    const nowhere = { environment, gpus: [], deviceFiles: '/nowhere' };
    await using machine = await MachineEnergy.watch({ ...nowhere, now });
    expect(machine.seen({ isOver: true })).toEqual({ devices: [], reserved: [], problems: [] });
  });

  it('is unknown where a card is there and can not be read, and says why', async () => {
    const environment = { BLOCKSTILL_POWERCAP: '/nowhere', BLOCKSTILL_NVML: '/nowhere/libnvidia-ml.so.1' };
    await using machine = await MachineEnergy.watch({ environment, gpus: [], now });
    await vi.waitFor(() =>
      expect(machine.seen({ isOver: true }).problems).toEqual([
        expect.stringMatching(/^The energy of the whole machine is unknown: .*\/nowhere\/libnvidia-ml/),
      ]),
    );
  });
});
