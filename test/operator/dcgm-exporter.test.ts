import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { energyAccountOf, totalOf } from '../../operator/accounting/energy.ts';
import type { MeteredUnit } from '../../operator/accounting/energy-readings.ts';
import { DcgmExporters } from '../../operator/cluster/dcgm-exporters.ts';
import { FakeClock } from '../../operator/kube/testing/fake-clock.ts';

interface Exporter extends AsyncDisposable {
  readonly url: string;
  readonly requests: number;
}

async function startExporter(answer: (response: ServerResponse) => void): Promise<Exporter> {
  let requests = 0;
  const server: Server = createServer((_, response) => {
    requests += 1;
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://{node-ip}:${port}/metrics`,
    get requests() {
      return requests;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const node = new Map([['node-a', '127.0.0.1']]);
const { signal } = new AbortController();

function watch({ url }: Exporter, clock: FakeClock, answerSeconds?: number): DcgmExporters {
  const limit = answerSeconds === undefined ? {} : { answerSeconds };
  const exporters = new DcgmExporters({ clock, url, onProblem: () => undefined, ...limit });
  exporters.observe('job', node);
  return exporters;
}

/** What the cards draw at a second: the first two while a unit is on them, from 30 to 130 and from 70 to 230. */
const cards = {
  'GPU-1': { busy: [30, 130], watts: 300 },
  'GPU-2': { busy: [70, 230], watts: 200 },
  'GPU-3': { busy: [0, 0], watts: 0 },
} as const;
const idleWatts = 50;

function joulesAt(uuid: keyof typeof cards, second: number): number {
  const { busy, watts } = cards[uuid];
  const busySeconds = Math.max(0, Math.min(second, busy[1]) - busy[0]);
  return 1e6 + idleWatts * second + (watts - idleWatts) * busySeconds;
}

test('what units and idle cards drew is what the exporter says of the whole node', async () => {
  const clock = new FakeClock();
  const start = clock.now().getTime() / 1000;
  let second = 0;
  // It reads its cards every 30 seconds, and says the same in between.
  await using exporter = await startExporter((response) => {
    const read = 30 * Math.floor(second / 30);
    const lines = Object.keys(cards).map((uuid) => {
      const joules = joulesAt(uuid as keyof typeof cards, read);
      return `DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{UUID="${uuid}",modelName="A100",Hostname="a"} ${joules * 1000}`;
    });
    response.end(`# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter\n${lines.join('\n')}\n`);
  });
  const exporters = watch(exporter, clock);
  for (; second <= 270; second += 10) {
    await exporters.pollAll(signal);
    await clock.advance(10);
  }
  expect(exporter.requests).toBe(28);
  // Ten of them had fresh figures, of three cards.
  expect(exporters.size).toBe(30);
  const units = (['GPU-1', 'GPU-2'] as const).map((device): MeteredUnit => {
    const [from, to] = cards[device].busy;
    const joules = joulesAt(device, to) - joulesAt(device, from);
    const reading = { device, kind: 'GPU', joules, method: 'Counter', gaps: 0 } as const;
    const attempt = { start: start + from, end: start + to, committed: true, readings: [reading] };
    return { name: device, attempts: [attempt] };
  });
  const times = units.flatMap(({ attempts }) => attempts);
  const window = {
    start: Math.min(...times.map((each) => each.start)),
    end: Math.max(...times.map((each) => each.end)),
  };
  const { devices } = exporters.observe('job', new Map());
  const account = energyAccountOf({ units, nodeWide: { windows: [window], devices } });
  // 100 s at 300 W, and 160 s at 200 W; idle is card 1 for 100 s, card 2 for 40 s, card 3 for all of the 200 s.
  const [used, idle] = [30_000 + 32_000, 50 * (100 + 40 + 200)];
  expect(account.used).toEqual({ GPU: used });
  // Where the 200 seconds begin and end, the figures of the counters are up to 30 s old.
  const total = totalOf(account.dedicatedNode ?? {});
  expect(Math.abs(total - (used + idle)) / (used + idle)).toBeLessThan(0.05);
  const seen = account.devices.map((device) => ('joules' in device.used ? device.used.joules : NaN));
  const unused = account.devices.map(({ idle: each }) => (each && 'joules' in each ? each.joules : NaN));
  expect([...seen, ...unused].reduce((sum, each) => sum + each)).toBeCloseTo(total, 6);
});

test('an exporter that never ends its answer is left, and so is one that sends elsewhere', async () => {
  const clock = new FakeClock();
  await using silent = await startExporter((response) => {
    response.writeHead(200);
    response.write('DCGM_FI_DEV_POWER_USAGE{UUID="GPU-1"} ');
  });
  const hung = watch(silent, clock, 0.2);
  await hung.pollAll(signal);
  expect(hung.observe('job', node).problems.join()).toMatch(/: it does not answer within 0\.2 s\.$/);

  await using elsewhere = await startExporter((response) => response.writeHead(302, { location: '/' }).end());
  const sent = watch(elsewhere, clock);
  await sent.pollAll(signal);
  expect(sent.observe('job', node).problems.join()).toMatch(/: it answers with HTTP 302\.$/);
  expect(elsewhere.requests).toBe(1);
});

test('an exporter that answers without end is left at 4 MiB', async () => {
  await using endless = await startExporter((response) => {
    const write = (): void => {
      while (!response.destroyed && response.write(`${'#'.repeat(65_535)}\n`));
      if (!response.destroyed) response.once('drain', write);
    };
    write();
  });
  const exporters = watch(endless, new FakeClock());
  await exporters.pollAll(signal);
  expect(exporters.observe('job', node).problems.join()).toMatch(/: it says more than 4 MiB\.$/);
});

test('one that is gone is named with its reason', async () => {
  const exporter = await startExporter((response) => response.end());
  await exporter[Symbol.asyncDispose]();
  const exporters = watch(exporter, new FakeClock());
  await exporters.pollAll(signal);
  expect(exporters.observe('job', node).problems.join()).toMatch(/: connect ECONNREFUSED /);
});
