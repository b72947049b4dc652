import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { manifestWith } from '../../crds/test-manifests.ts';
import { isThere } from '../../scripts/cluster/kubernetes.ts';
import { isRefusal, useApiServer, type Answer } from '../api-server/use-api-server.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { programFolder } from '../cluster/programs.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { startCli, type CliProcess } from './start-cli.ts';

const run = promisify(execFile);
const launcher = fileURLToPath(new URL('../../bin/blockstill', import.meta.url));

describe.skipIf(cannotRun('The API-server suite', await whyNoTestServer()))('jobs in a cluster', () => {
  const server = useApiServer();

  async function createJob(name: string): Promise<Answer> {
    const answer = await server().create(manifestWith({ 'metadata.name': name }));
    if (isRefusal(answer)) throw new Error(JSON.stringify(answer));
    return answer;
  }

  /** Does the operator's part. */
  async function writeStatus(name: string, status: object): Promise<void> {
    const patch = JSON.stringify({ status });
    await server().kubectl(['patch', 'distill', name, '--subresource=status', '--type=merge', '-p', patch]);
  }

  async function specOf(name: string): Promise<Answer['spec']> {
    const text = await server().kubectl(['get', 'distill', name, '-o', 'json']);
    return (JSON.parse(text) as Answer).spec;
  }

  function cli(...parameters: readonly string[]): CliProcess {
    return startCli(server().kubeconfig, [...parameters, '--namespace', server().namespace]);
  }

  async function blockstill(...parameters: readonly string[]) {
    await using process = cli(...parameters);
    const code = await process.ended;
    return { code, out: process.out, error: process.error };
  }

  const condition = (type: string, message: string, status = 'True') => ({
    type,
    status,
    reason: type,
    message,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  });
  const runs = {
    observedGeneration: 1,
    phase: 'Distilling',
    conditions: [condition('Ready', '1 of 1 units are running.', 'Unknown')],
    blocks: [{ name: 'conv_1', layers: 'conv_1', state: 'Running', progress: 50 }],
    progress: { done: 0, total: 1, percent: 40 },
  };
  const over = (type: 'Complete' | 'Failed', generation = 1) => ({
    observedGeneration: generation,
    phase: type,
    conditions: [
      condition('Ready', 'So it ended.'),
      condition(type, 'So it ended.'),
      condition('Finished', 'It did.'),
    ],
    blocks: [{ name: 'conv_1', layers: 'conv_1', state: 'Distilled', progress: 100, seconds: 42 }],
  });

  test('report makes a page from the status alone, and says what only files know', async () => {
    await createJob('reported');
    await writeStatus('reported', over('Complete'));
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-report-'));
    const page = join(folder.path, 'page.html');
    const { code, out, error } = await blockstill('report', 'reported', '--output', page);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toContain(page);
    expect(await readFile(page, 'utf8')).toContain('<h1>reported</h1>');
    const data = JSON.parse(await readFile(join(folder.path, 'page.json'), 'utf8')) as object;
    expect(data).toMatchObject({ job: { name: 'reported' }, phase: 'Complete', sources: { files: false } });
  });

  test('list shows what kubectl get shows', async () => {
    await createJob('list-a');
    await createJob('list-b');
    const summary = { blocks: '7/13', speedup: '3.1x est.', energy: '0.41 kWh', accuracy: '98.0%' };
    await writeStatus('list-b', { phase: 'Distilling', summary });
    const shown = async (text: string) => {
      const lines = (await Promise.resolve(text)).trimEnd().split('\n');
      const rows = lines
        .filter((line) => /^(NAME|list-)/.test(line))
        .map((line) => line.trim().split(/ {2,}/));
      // The age goes on between the two.
      return rows.map((row) => row.slice(0, -1));
    };
    const { code, out } = await blockstill('list');
    expect(code).toBe(0);
    expect(await shown(out)).toEqual(await shown(await server().kubectl(['get', 'distill'])));
    const everywhere = JSON.parse((await blockstill('list', '-A', '-o', 'json')).out) as { name: string }[];
    expect(everywhere.map(({ name }) => name)).toEqual(expect.arrayContaining(['list-a', 'list-b']));
  });

  test('status prints the status as the server has it', async () => {
    await createJob('status');
    expect((await blockstill('status', 'status')).out).toContain('no operator has taken it up yet');
    await writeStatus('status', runs);
    expect(JSON.parse((await blockstill('status', 'status', '-o', 'json')).out)).toEqual(runs);
    expect((await blockstill('status', 'status')).out).toContain(
      'status: distilling. 1 of 1 units are running.',
    );
    const missing = await blockstill('status', 'statsu');
    expect(missing.code).toBe(64);
    expect(missing.error).toContain('Did you mean status?');
  });

  test.each([
    { end: 'Complete', code: 0 },
    { end: 'Failed', code: 1 },
  ] as const)('status --watch follows a job to its end: $end, $code', async ({ end, code }) => {
    const name = `watch-${end.toLowerCase()}`;
    await createJob(name);
    await using watch = cli('status', name, '--watch');
    await watch.said('pending');
    await writeStatus(name, runs);
    await watch.said('conv_1  started');
    await writeStatus(name, over(end));
    expect(await watch.ended).toBe(code);
    expect(watch.error).toContain('conv_1  done  42.0 s');
    expect(watch.out).toContain(`${name}: ${end.toLowerCase()}. So it ended.`);
  });

  test('status --watch ends when the job is deleted, and cleanly on Ctrl-C', async () => {
    await createJob('deleted');
    await writeStatus('deleted', runs);
    await using interrupted = cli('status', 'deleted', '--watch');
    await using watch = cli('status', 'deleted', '--watch');
    await interrupted.said('conv_1  started');
    await watch.said('conv_1  started');
    interrupted.kill('SIGINT');
    expect(await interrupted.ended).toBe(130);
    expect(interrupted.error).not.toContain('error');
    await server().kubectl(['delete', 'distill', 'deleted']);
    expect(await watch.ended).toBe(1);
    expect(watch.error).toContain('The DistillationJob deleted was deleted.');
  });

  test('suspend and resume change spec.suspend alone, and wait for the operator', async () => {
    await createJob('stopped');
    await writeStatus('stopped', runs);
    const before = await specOf('stopped');
    await using suspend = cli('suspend', 'stopped', '--wait');
    await server().kubectl([
      'wait',
      '--for=jsonpath={.spec.suspend}=true',
      'distill/stopped',
      '--timeout=60s',
    ]);
    await writeStatus('stopped', { phase: 'Suspended', observedGeneration: 2 });
    expect(await suspend.ended).toBe(0);
    expect(suspend.out).toContain('\nstopped: suspended.\n');
    expect(await specOf('stopped')).toEqual({ ...before, suspend: true });
    expect((await blockstill('suspend', 'stopped')).out).toContain('nothing was changed');
    expect((await blockstill('resume', 'stopped')).code).toBe(0);
    expect(await specOf('stopped')).toEqual({ ...before, suspend: false });
    await writeStatus('stopped', over('Complete', 3));
    expect(await blockstill('suspend', 'stopped')).toMatchObject({ code: 1 });
    expect(await specOf('stopped')).toEqual({ ...before, suspend: false });
  });

  test('logs says that nothing has been started', async () => {
    await createJob('silent');
    await writeStatus('silent', runs);
    const { code, error } = await blockstill('logs', 'silent', 'prepare');
    expect(code).toBe(1);
    expect(error).toContain('Nothing of prepare has been started yet.\n1 of 1 units are running.');
    expect((await blockstill('logs', 'silent', 'conv-1')).error).toContain('Did you mean conv_1?');
  });

  test('kubectl finds the plugin, and completes its commands, jobs and blocks', async () => {
    await createJob('completed');
    await writeStatus('completed', runs);
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-plugin-'));
    for (const name of ['kubectl-blockstill', 'kubectl_complete-blockstill']) {
      await symlink(launcher, join(folder.path, name));
    }
    const own = join(await programFolder(), 'kubectl');
    const program = (await isThere(own)) ? own : 'kubectl';
    const { kubeconfig, namespace } = server();
    const environment = {
      ...process.env,
      PATH: `${folder.path}:${process.env['PATH']}`,
      KUBECONFIG: kubeconfig,
    };
    const kubectl = async (...parameters: readonly string[]): Promise<string[]> => {
      const { stdout } = await run(program, parameters, { env: environment });
      return stdout.trimEnd().split('\n');
    };
    expect(await kubectl('blockstill', 'list', '-n', namespace)).toContainEqual(
      expect.stringMatching(/^completed +Distilling /),
    );
    // What the shells' completion of kubectl asks.
    const candidates = async (...words: readonly string[]): Promise<string[]> =>
      await kubectl('__complete', 'blockstill', ...words);
    expect(await candidates('sus')).toContainEqual(expect.stringMatching(/^suspend\t/));
    expect(await candidates('status', '-n', namespace, 'comp')).toContain('completed\tDistilling');
    expect(await candidates('logs', '-n', namespace, 'completed', 'c')).toContain('conv_1\trunning');
  });
});
