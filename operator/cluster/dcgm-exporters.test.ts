import { describe, expect, it } from 'vitest';
import { useHttpMock } from '../../test/http.ts';
import { FakeClock } from '../kube/testing/fake-clock.ts';
import { DcgmExporters } from './dcgm-exporters.ts';

const nock = useHttpMock();
const { signal } = new AbortController();
const node = new Map([['node-a', '10.0.0.1']]);
const host = 'http://10.0.0.1:9400';

function aWatch(url = 'http://{node-ip}:9400/metrics') {
  const clock = new FakeClock();
  const said: string[] = [];
  const exporters = new DcgmExporters({ clock, url, onProblem: (problem) => void said.push(problem) });
  return { clock, exporters, said, start: clock.now().getTime() / 1000 };
}

/** Two cards: what the counter of the first says, and what the second draws. */
function answer(joules: number | string, watts = 50): string {
  return [
    '# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter',
    `DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{UUID="GPU-1",modelName="A100"} ${typeof joules === 'number' ? joules * 1000 : joules}`,
    `DCGM_FI_DEV_POWER_USAGE{UUID="GPU-1",modelName="A100"} 70`,
    `DCGM_FI_DEV_POWER_USAGE{UUID="GPU-2",modelName="A100"} ${watts}`,
  ].join('\n');
}

describe('the DCGM exporter of a node', () => {
  it('is asked every ten seconds, for all cards of the node', async () => {
    const { clock, exporters, start } = aWatch();
    expect(exporters.observe('job', node)).toEqual({ devices: [], reserved: [], problems: [] });
    for (let round = 0; round < 4; round += 1) {
      nock(host)
        .get('/metrics')
        .reply(200, answer(5000 + 1000 * round));
      await exporters.pollAll(signal);
      await exporters.pollAll(signal);
      await clock.advance(10);
    }
    const { devices, problems } = exporters.observe('job', node);
    expect(problems).toEqual([]);
    expect(devices.map(({ device, kind, model, power }) => [device, kind, model, power.method])).toEqual([
      ['GPU-1', 'GPU', 'A100', 'Counter'],
      ['GPU-2', 'GPU', 'A100', 'SampledPower'],
    ]);
    const interval = { start, end: start + 30 };
    expect(devices.map(({ power }) => power.energyOf(interval).joules)).toEqual([3000, 1500]);
  });

  it('keeps to the counter where that is blank for a while', async () => {
    const { clock, exporters, start } = aWatch();
    exporters.observe('job', node);
    for (const joules of [5000, '9.22e18', 7000]) {
      nock(host).get('/metrics').reply(200, answer(joules));
      await exporters.pollAll(signal);
      await clock.advance(10);
    }
    const [card] = exporters.observe('job', node).devices;
    expect(card?.power.energyOf({ start, end: start + 20 })).toEqual({ joules: 2000, gaps: 0 });
  });

  it.each([
    ['HTTP 302', 302, '', 'it answers with HTTP 302'],
    ['an error', 503, 'no', 'it answers with HTTP 503'],
    [
      'a page',
      200,
      '<html>',
      'it has neither DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION nor DCGM_FI_DEV_POWER_USAGE',
    ],
    [
      'half a line',
      200,
      'DCGM_FI_DEV_POWER_USAGE{UUID="GP',
      'line 1 is no sample of DCGM_FI_DEV_POWER_USAGE',
    ],
    ['too much', 200, '#'.repeat(4 * 1024 * 1024 + 1), 'it says more than 4 MiB'],
  ])('may answer with %s: that is told, and it is asked less often', async (_, status, text, why) => {
    const { clock, exporters, said } = aWatch();
    exporters.observe('job', node);
    const problem = `The DCGM exporter of node node-a can't be used: ${host}/metrics: ${why}.`;
    nock(host).get('/metrics').twice().reply(status, text, { location: 'http://elsewhere/' });
    await exporters.pollAll(signal);
    await clock.advance(9);
    await exporters.pollAll(signal);
    await clock.advance(1);
    await exporters.pollAll(signal);
    expect(exporters.observe('job', node)).toEqual({ devices: [], reserved: [], problems: [problem] });
    await clock.advance(19);
    await exporters.pollAll(signal);
    expect(said).toEqual([problem]);
    await clock.advance(1);
    nock(host).get('/metrics').reply(200, answer(1));
    await exporters.pollAll(signal);
    expect(exporters.observe('job', node).problems).toEqual([]);
  });

  it('is not there', async () => {
    const { exporters } = aWatch();
    exporters.observe('job', node);
    nock(host).get('/metrics').replyWithError('connect ECONNREFUSED 10.0.0.1:9400');
    await exporters.pollAll(signal);
    expect(exporters.observe('job', node).problems).toEqual([
      `The DCGM exporter of node node-a can't be used: ${host}/metrics: connect ECONNREFUSED 10.0.0.1:9400.`,
    ]);
  });
});

it('names of nodes and IPv6 addresses have their place in the URL', async () => {
  const { exporters } = aWatch('http://{node-ip}:9400/{node-name}/metrics');
  exporters.observe('job', new Map([['node-b', 'fd00::7']]));
  nock('http://[fd00::7]:9400').get('/node-b/metrics').reply(200, answer(1));
  await exporters.pollAll(signal);
  expect(exporters.observe('job', new Map()).devices).toHaveLength(2);
});

it('nodes are looked at as long as a job needs them, and then forgotten', async () => {
  const { clock, exporters } = aWatch();
  exporters.observe('one', node);
  exporters.observe('two', node);
  nock(host).get('/metrics').reply(200, answer(1));
  await exporters.pollAll(signal);
  expect(exporters.size).toBe(2);
  exporters.forget('one');
  expect(exporters.observe('two', new Map()).devices).toHaveLength(2);
  exporters.forget('two');
  expect(exporters.size).toBe(0);
  await clock.advance(100);
  // Nobody is asked.
  await exporters.pollAll(signal);
  expect(exporters.observe('two', new Map()).devices).toEqual([]);
});
