import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startOperator } from './operator-process.ts';

/** Ready at its second answer; says what it was told, and ends when it is asked to. */
const program = `
import { createServer } from 'node:http';
console.log(process.argv.slice(2).join(' '));
let asked = 0;
const [host, port] = process.argv[process.argv.indexOf('--listen') + 1].split(':');
createServer((request, response) => {
  asked += 1;
  response.writeHead(asked < 2 ? 503 : 200).end();
}).listen(Number(port), host);
process.on('SIGTERM', () => process.exit(0));
`;

test('an operator process is started, paused, asked to end and killed', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-operator-'));
  const path = join(folder.path, 'program.mjs');
  await writeFile(path, program);
  const log = join(folder.path, 'log');
  const options = { kubeconfig: '/k', log, program: path, leaderElection: false };
  await using first = await startOperator(options);
  await first.untilReady();
  const port = new URL(first.url).port;
  expect(await readFile(log, 'utf8')).toBe(
    `--kubeconfig /k --worker-image example.invalid/blockstill-worker:test --listen 127.0.0.1:${port} --no-leader-election\n`,
  );
  const state = async () => /^State:\t(.)/m.exec(await readFile(`/proc/${first.pid}/status`, 'utf8'))?.[1];
  first.pause();
  await expect.poll(state).toBe('T');
  first.resume();
  await expect.poll(state).not.toBe('T');
  expect(await first.terminate()).toContain('has ended with code 0');

  const second = await startOperator(options);
  await second.untilReady();
  await second.kill();
  await expect(second.untilReady()).rejects.toThrow('has ended with SIGKILL');
});
