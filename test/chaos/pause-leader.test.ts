import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { OperatorFleet } from './operator-fleet.ts';
import { pauseLeader } from './pause-leader.ts';

/**
 * A stand-in for the operator: it leads when nobody does, or when the one that leads is stopped or gone. `follows` is
 * whether a stopped leader is followed, `ends` whether the old one ends when it finds that it was.
 */
const program = (lease: string, { follows = true, ends = true } = {}): string => `
import { createServer } from 'node:http';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
const lease = ${JSON.stringify(lease)};
const [host, port] = process.argv[process.argv.indexOf('--listen') + 1].split(':');
const read = (path) => { try { return readFileSync(path, 'utf8'); } catch { return ''; } };
const isAtWork = (pid) => /^State:\\t[^TZ]/m.test(read('/proc/' + pid + '/status'));
const own = String(process.pid);
let leads = false;
setInterval(() => {
  const holder = read(lease);
  if (leads && holder !== own && ${ends}) process.exit(1);
  if (leads) return;
  if (holder === '') {
    try {
      writeFileSync(lease, own, { flag: 'wx' });
      leads = true;
    } catch {}
  } else if (${follows} && !isAtWork(holder)) {
    writeFileSync(lease + own, own);
    renameSync(lease + own, lease);
    leads = true;
  }
}, 20);
createServer((request, response) => {
  const metrics = '# TYPE leader_election_master_status gauge\\n' +
    'leader_election_master_status{name="blockstill-operator"} ' + (leads ? 1 : 0) + '\\n';
  response.end(request.url === '/metrics' ? metrics : '');
}).listen(Number(port), host);
`;

async function withFleet(
  behaviour: Parameters<typeof program>[1],
  body: (fleet: OperatorFleet) => Promise<void>,
): Promise<void> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-fleet-'));
  const path = join(folder.path, 'program.mjs');
  await writeFile(path, program(join(folder.path, 'lease'), behaviour));
  const log = join(folder.path, 'log');
  await using fleet = await OperatorFleet.start(2, { kubeconfig: '/k', log, program: path });
  await fleet.untilReady();
  await body(fleet);
}

const wait = async (seconds: number): Promise<void> => await delay(seconds * 1000);

test('the leader is paused until another one leads, and is replaced when it has ended', async () => {
  await withFleet({}, async (fleet) => {
    const leader = await fleet.untilLed(30);
    await pauseLeader(fleet, { overlapSeconds: 0, wait });
    expect(await leader.hasEnded()).toBe(true);
    expect((await fleet.untilLed(30)).pid).not.toBe(leader.pid);
    expect(fleet.takeovers).toBe(1);
    // The one in its place is a candidate, too.
    await pauseLeader(fleet, { overlapSeconds: 0, wait });
    expect(fleet.takeovers).toBe(2);
  });
});

test('a paused leader that nobody follows is an error, and goes on', async () => {
  await withFleet({ follows: false }, async (fleet) => {
    const leader = await fleet.untilLed(30);
    await expect(pauseLeader(fleet, { overlapSeconds: 0, patienceSeconds: 1, wait })).rejects.toThrow(
      'Waited 1 s in vain for another operator to take over.',
    );
    await expect.poll(async () => await leader.leads()).toBe(true);
    expect(fleet.takeovers).toBe(0);
  });
});

test('an old leader that goes on beside the next one is an error', async () => {
  await withFleet({ ends: false }, async (fleet) => {
    await expect(pauseLeader(fleet, { overlapSeconds: 0, patienceSeconds: 5, wait })).rejects.toThrow(
      'Waited 5 s in vain for the old leader to end, which another one has followed.',
    );
    expect(fleet.takeovers).toBe(0);
  });
});

test('an operator that has ended by itself is replaced', async () => {
  await withFleet({}, async (fleet) => {
    const leader = await fleet.untilLed(30);
    process.kill(leader.pid, 'SIGTERM');
    await expect.poll(async () => await leader.hasEnded()).toBe(true);
    expect(await fleet.replaceEnded()).toBe(1);
    await fleet.untilReady();
  });
});
