import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { aDistillationJob } from '../../operator/cluster/testing/distillation-jobs.ts';
import { answer, startApiServer } from '../../operator/kube/testing/api-server.ts';
import { refusal } from '../../cli/testing/test-cluster.ts';

const program = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

function start(parameters: readonly string[], kubeconfig: string): ChildProcess {
  const environment = { ...process.env, KUBECONFIG: kubeconfig };
  return spawn(process.execPath, [program, ...parameters], { env: environment });
}

async function ended(child: ChildProcess): Promise<Ended> {
  let out = '';
  let error = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (error += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, error };
}

/** A kubeconfig whose context is the namespace `team` of a server. */
async function kubeconfigFor(origin: string) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-cli-'));
  const path = join(folder.path, 'kubeconfig');
  const cluster = { server: origin, 'insecure-skip-tls-verify': true };
  const config = {
    clusters: [{ name: 'c', cluster }],
    contexts: [{ name: 'here', context: { cluster: 'c', namespace: 'team' } }],
    'current-context': 'here',
  };
  await writeFile(path, JSON.stringify(config));
  return { path, [Symbol.asyncDispose]: async () => await folder.remove() };
}

async function blockstill(
  parameters: readonly string[],
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Ended> {
  await using server = await startApiServer(handler);
  await using kubeconfig = await kubeconfigFor(server.origin);
  return await ended(start(parameters, kubeconfig.path));
}

const status = {
  observedGeneration: 1,
  phase: 'Distilling' as const,
  blocks: [
    { name: 'conv_1', layers: 'conv_1', state: 'Running' as const },
    { name: 'conv_2', layers: 'conv_2', state: 'Kept' as const },
  ],
};
const job = aDistillationJob({ status });

/** The job `mnist` alone; a watch of it brings nothing, for as long as it is open. */
function withJob({ url = '' }: IncomingMessage, response: ServerResponse): void {
  if (url.includes('watch=true')) {
    response.writeHead(200);
    response.flushHeaders();
  } else if (url.endsWith('distillationjobs/mnist')) answer(response, 200, job);
  else if (/distillationjobs(\?|$)/.test(url)) {
    answer(response, 200, { metadata: { resourceVersion: '10' }, items: [job] });
  } else answer(response, 404, refusal(404, 'NotFound', { name: url.split('/').at(-1) }));
}

describe('a command in a cluster ends', () => {
  it.each([
    {
      of: 'the resource is not installed',
      code: 64,
      handler: (_: unknown, response: ServerResponse) =>
        void response.writeHead(404).end('404 page not found'),
      parameters: ['list'],
      said: ['Blockstill is not installed in it', 'kubectl apply', '(cluster/not-installed)'],
    },
    {
      of: 'the user may not',
      code: 64,
      handler: (_: unknown, response: ServerResponse) => answer(response, 403, refusal(403, 'Forbidden')),
      parameters: ['status', 'mnist'],
      said: ['(cluster/forbidden)'],
    },
    {
      of: 'there is no such job',
      code: 64,
      handler: withJob,
      parameters: ['status', 'mnits'],
      said: ['There is no DistillationJob "mnits" in the namespace team', 'Did you mean mnist?', '.yaml'],
    },
    {
      of: 'there is no such namespace',
      code: 64,
      handler: withJob,
      parameters: ['logs', 'vgg', 'conv_1', '-n', 'lab'],
      said: ['in the namespace lab.'],
    },
  ])('with $code when $of', async ({ code, handler, parameters, said }) => {
    const result = await blockstill(parameters, handler);
    expect({ code: result.code, out: result.out }).toEqual({ code, out: '' });
    for (const part of said) expect(result.error).toContain(part);
    expect(result.error).not.toContain('    at ');
  });

  it('with 69 when nobody answers', async () => {
    await using kubeconfig = await kubeconfigFor('http://127.0.0.1:9');
    const result = await ended(start(['list'], kubeconfig.path));
    expect(result).toMatchObject({ code: 69, out: '' });
    expect(result.error).toContain('Is this the right cluster');
    expect(result.error).toContain('(cluster/unreachable)');
  });

  it('with 64 without a kubeconfig, and names what else a name could be', async () => {
    const result = await ended(start(['status', 'mnist'], '/nowhere/config'));
    expect(result).toMatchObject({ code: 64, out: '' });
    expect(result.error).toContain('There is no kubeconfig.');
    expect(result.error).toContain('For a run on this machine give its manifest');
  });

  it.each([
    {
      of: 'a manifest',
      parameters: ['status', 'job.yaml', '--watch'],
      said: '--watch says nothing about a manifest',
    },
    {
      of: 'a name',
      parameters: ['status', 'mnist', '--storage', 'x'],
      said: '--storage says nothing about a job',
    },
    {
      of: 'two attempts',
      parameters: ['logs', 'mnist', 'a', '-p', '--attempt', '1'],
      said: 'cannot be used with',
    },
    {
      of: 'no attempt',
      parameters: ['logs', 'mnist', 'a', '--attempt', '0'],
      said: 'Attempts are counted from 1.',
    },
  ])('with 2 when an option says nothing about $of', async ({ parameters, said }) => {
    const result = await ended(start(parameters, '/nowhere/config'));
    expect(result.code).toBe(2);
    expect(result.error).toContain(said);
  });
});

describe('what others wrote', () => {
  // A title of the window, a cleared screen, and a line that is written over.
  const hostile = '\u001b]0;title\u0007\u009b2J\rgone\u202e';
  const told = {
    observedGeneration: 1,
    phase: 'Failed' as const,
    conditions: [
      { type: 'Ready', status: 'False', reason: 'Failed', message: `It says ${hostile}.` },
      { type: 'Failed', status: 'True', reason: 'Failed', message: `It says ${hostile}.` },
      { type: 'Finished', status: 'True', reason: 'Failed', message: `It says ${hostile}.` },
    ].map((condition) => ({ ...condition, lastTransitionTime: '2026-11-01T00:00:00Z' })),
    summary: { speedup: hostile },
    blocks: [{ name: `a${hostile}`, layers: 'a', state: 'Failed' as const, reason: `It says ${hostile}` }],
  } as NonNullable<Parameters<typeof aDistillationJob>[0]>['status'];
  const hostileJob = aDistillationJob(told === undefined ? {} : { status: told });

  it.each([
    { parameters: ['status', 'mnist'] },
    { parameters: ['status', 'mnist', '--watch'] },
    { parameters: ['list'] },
    { parameters: ['__complete', 'logs', 'mnist', ''] },
  ])('is shown by $parameters, not obeyed by the terminal', async ({ parameters }) => {
    const result = await blockstill(parameters, ({ url = '' }, response) => {
      if (/[?&]watch=true/.test(url)) response.writeHead(200).flushHeaders();
      else if (url.includes('/distillationjobs/')) answer(response, 200, hostileJob);
      else answer(response, 200, { metadata: { resourceVersion: '10' }, items: [hostileJob] });
    });
    const said = result.out + result.error;
    expect(said).not.toMatch(/[^\P{Cc}\n\t]|\p{Bidi_Control}/u);
    // It is what was said, or, to a shell, left out.
    expect(said).toMatch(parameters[0] === '__complete' ? /^[\w\t\n:-]+$/ : /\\x1b\]0;title\\x07/);
  });

  it('is shown when the API server says it', async () => {
    const refused = { ...refusal(403, 'Forbidden'), message: hostile };
    const { error } = await blockstill(['list'], (_, response) => answer(response, 403, refused));
    expect(error).toContain('\\x1b]0;title\\x07\\x9b2J\\x0dgone\\u202e');
    expect(error).not.toContain('\u001b');
  });
});

describe('status --watch', () => {
  const watching = ['status', 'mnist', '--watch', '-o', 'json'];

  it('ends with 130 on Ctrl-C, and says no more', async () => {
    await using server = await startApiServer(withJob);
    await using kubeconfig = await kubeconfigFor(server.origin);
    const child = start(watching, kubeconfig.path);
    const end = ended(child);
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    expect(await end).toEqual({ code: 130, out: `${JSON.stringify(status)}\n`, error: '' });
  });

  it('ends when nobody reads it any more', async () => {
    const watched = Promise.withResolvers<ServerResponse>();
    await using server = await startApiServer((request, response) => {
      withJob(request, response);
      if (request.url?.includes('watch=true') === true) watched.resolve(response);
    });
    await using kubeconfig = await kubeconfigFor(server.origin);
    const child = start(watching, kubeconfig.path);
    const end = once(child, 'exit');
    const watch = await watched.promise;
    child.stdout?.destroy();
    const change = { ...job, metadata: { ...job.metadata, resourceVersion: '11' } };
    watch.write(`${JSON.stringify({ type: 'MODIFIED', object: change })}\n`);
    expect(await end).toEqual([130, null]);
  });
});

describe('completion', () => {
  it.each([
    { words: ['logs', 'm'], lines: ['mnist\tDistilling', ':4'] },
    { words: ['status', 'm'], lines: ['mnist\tDistilling', ':0'] },
    // A block that is kept has no log.
    { words: ['logs', 'mnist', ''], lines: ['prepare', 'conv_1\trunning', 'finetune', ':4'] },
    { words: ['status', 'mnist', '--context', ''], lines: ['here\tc', ':4'] },
  ])('knows what there is in the cluster: $words', async ({ words, lines }) => {
    const result = await blockstill(['__complete', ...words], withJob);
    expect(result).toEqual({ code: 0, out: `${lines.join('\n')}\n`, error: '' });
  });

  it('offers nothing where it fails, but manifests without a cluster', async () => {
    const failed = await ended(start(['__complete', 'logs', ''], '/nowhere/config'));
    expect(failed).toMatchObject({ code: 64, out: ':1\n' });
    const files = await ended(start(['__complete', 'status', ''], '/nowhere/config'));
    expect(files).toMatchObject({ code: 0, out: ':0\n' });
  });

  it('has a script for each shell', async () => {
    for (const [shell, text] of Object.entries({
      bash: 'complete -o default -F',
      zsh: '#compdef',
      fish: 'complete -c',
    })) {
      const { code, out } = await ended(start(['completion', shell], ''));
      expect({ code, isScript: out.includes(text) }).toEqual({ code: 0, isScript: true });
    }
  });
});
