import { chmod, mkdir, mkdtempDisposable, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DeviceMeter } from './device-meter.ts';
import { openRapl, type Rapl } from './rapl.ts';

type Zones = Readonly<Record<string, Readonly<Record<string, string>>>>;

async function withZones(zones: Zones, use: (root: string) => Promise<void>): Promise<void> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'powercap-'));
  await put(folder.path, zones);
  await use(folder.path);
}

async function put(root: string, zones: Zones): Promise<void> {
  for (const [zone, files] of Object.entries(zones)) {
    await mkdir(join(root, zone), { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(root, zone, file), `${text}\n`);
  }
}

const zone = (name: string, microjoules: number, range = 262_143_328_850): Record<string, string> => ({
  name,
  energy_uj: String(microjoules),
  max_energy_range_uj: String(range),
});

/** Two sockets, as a server shows them. */
const server: Zones = {
  'intel-rapl': {},
  'intel-rapl:0': zone('package-0', 1_000_000),
  'intel-rapl:0:0': zone('core', 1),
  'intel-rapl:0:1': zone('dram', 3_000_000, 65_712_999_613),
  'intel-rapl:1': zone('package-1', 2_000_000),
  'intel-rapl:1:0': zone('dram', 4_000_000, 65_712_999_613),
  'intel-rapl:2': zone('psys', 5_000_000),
  'intel-rapl-mmio:0': zone('package-0', 1_000_000),
};

const openedDevices = ({ sources }: Rapl): string[] => sources.map(({ device, kind }) => `${kind} ${device}`);

describe("the processors' counters", () => {
  it('are those of packages and memory, of every socket, and nothing that counts twice', async () => {
    await withZones(server, async (root) => {
      const rapl = openRapl(root, 'Xeon');
      expect(openedDevices(rapl)).toEqual(['CPU package-0', 'DRAM dram-0', 'CPU package-1', 'DRAM dram-1']);
      expect(rapl.unknown).toEqual([]);
      expect(rapl.sources.map(({ model }) => model)).toEqual(['Xeon', undefined, 'Xeon', undefined]);
      expect(rapl.sources.map(({ read }) => read(() => 7))).toEqual([
        { seconds: 7, joules: 1 },
        { seconds: 7, joules: 3 },
        { seconds: 7, joules: 2 },
        { seconds: 7, joules: 4 },
      ]);
    });
  });

  it('wrap at their own range', async () => {
    await withZones({ 'intel-rapl:0': zone('package-0', 65_532_000_000, 65_532_610_987) }, async (root) => {
      let seconds = 0;
      const meter = new DeviceMeter(openRapl(root, undefined).sources[0]!, {
        seconds: () => seconds,
        periodSeconds: 0.1,
      });
      seconds = 0.1;
      await put(root, { 'intel-rapl:0': { energy_uj: '9389013' } });
      meter.sample();
      // 0.610987 J up to the range and 9.389013 J after it, in a tenth of a second.
      expect(meter.reading()).toMatchObject({
        device: 'package-0',
        joules: expect.closeTo(10, 6),
        meanWatts: expect.closeTo(100, 4),
        method: 'Counter',
      });
      expect(meter.reading()).not.toHaveProperty('reason');
    });
  });

  it('can vanish, which ends what is known', async () => {
    await withZones({ 'intel-rapl:0': zone('package-0', 1_000_000) }, async (root) => {
      const [source] = openRapl(root, undefined).sources;
      await rm(join(root, 'intel-rapl:0'), { recursive: true });
      expect(source!.read(() => 7)).toEqual({
        seconds: 7,
        failure: `${root}/intel-rapl:0/energy_uj can't be read (ENOENT)`,
      });
    });
  });
});

describe('without a counter', () => {
  it('there is one reason for the processor', async () => {
    const { unknown, sources } = openRapl('/nowhere/powercap', 'Xeon');
    expect(sources).toEqual([]);
    expect(unknown).toEqual([
      expect.objectContaining({
        device: 'CPU',
        kind: 'CPU',
        model: 'Xeon',
        joules: null,
        reason: expect.stringContaining('/nowhere/powercap has no intel-rapl zone'),
      }),
    ]);
    await withZones({ 'intel-rapl:0': zone('psys', 1) }, async (root) => {
      expect(openRapl(root, undefined).unknown[0]?.reason).toContain('has no intel-rapl zone');
    });
  });

  it('a zone that only root may read says so, and the others count', async () => {
    await withZones(server, async (root) => {
      await using _ordinary = await withoutRootFor(join(root, 'intel-rapl:0', 'energy_uj'), root);
      const { unknown, sources } = openRapl(root, 'Xeon');
      expect(sources.map(({ device }) => device)).toEqual(['dram-0', 'package-1', 'dram-1']);
      expect(unknown).toEqual([
        expect.objectContaining({
          device: 'package-0',
          joules: null,
          reason: `${root}/intel-rapl:0/energy_uj may not be read: Linux lets only root read it`,
        }),
      ]);
    });
  });

  it.each([
    { file: 'energy_uj', text: 'much' },
    { file: 'max_energy_range_uj', text: '' },
  ])('a $file that is no number says so', async ({ file, text }) => {
    await withZones(server, async (root) => {
      await put(root, { 'intel-rapl:0': { [file]: text } });
      const { unknown } = openRapl(root, 'Xeon');
      expect(unknown).toHaveLength(1);
      expect(unknown[0]?.reason).toContain(`${file} holds no number of microjoules: "${text}"`);
    });
  });
});

/** Makes a file unreadable for this process, which may be root, to whom every file is readable. */
async function withoutRootFor(path: string, root: string): Promise<AsyncDisposable> {
  await chmod(path, 0o000);
  await chmod(root, 0o755);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  return {
    [Symbol.asyncDispose]: async () => {
      if (isRoot) process.seteuid?.(0);
      await chmod(path, 0o600);
    },
  };
}
