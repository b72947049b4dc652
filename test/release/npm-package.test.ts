import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { layOutNpmPackage } from '../../scripts/npm-package.ts';
import { runCommand, type CommandResult } from '../../scripts/tensorflow/command.ts';
import { aDistillationJob } from '../../operator/cluster/testing/distillation-jobs.ts';
import { answer, startApiServer } from '../../operator/kube/testing/api-server.ts';
import { npy, zip } from '../../worker/data/sample-files.ts';
import packageFile from '../../package.json' with { type: 'json' };

const root = dirname(dirname(import.meta.dirname));

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

let folder: string;
let packed: Packed;

/** npm and the programs that it installs, with the Node of this test. */
async function run(program: string, parameters: readonly string[], environment = {}): Promise<CommandResult> {
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  return await runCommand(program, parameters, { folder, environment: { PATH: path, ...environment } });
}

async function installed(name: string, parameters: readonly string[], environment = {}) {
  return await run(join(folder, 'node_modules', '.bin', name), parameters, environment);
}

async function npm(...parameters: readonly string[]): Promise<string> {
  const result = await run('npm', parameters);
  expect(result.code, result.stderr).toBe(0);
  return result.stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blockstill-npm-'));
  await layOutNpmPackage(join(folder, 'package'), 'somebody/blockstill');
  [packed] = JSON.parse(await npm('pack', './package', '--json')) as [Packed];
  await writeFile(join(folder, 'package.json'), '{"private": true}');
  await npm(
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    `./${packed.filename}`,
  );
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe('the npm package', () => {
  test('holds programs, licences and nothing else, in a few megabytes', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'THIRD-PARTY-LICENSES.txt',
        'dist/worker.mjs',
        'package.json',
      ]),
    );
    for (const path of paths) {
      expect(path).toMatch(
        /^(bin|dist)\/[a-z-]+\.mjs(\.LEGAL\.txt)?$|^[A-Z-]+(\.txt|\.md)?$|^package\.json$/,
      );
    }
    expect(packed.size).toBeLessThan(4e6);
  });

  test('names the licence of what is bundled in it', async () => {
    const text = await readFile(join(folder, 'package', 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    for (const name of [
      'zod',
      'commander',
      '@kubernetes/client-node',
      '@aws-sdk/client-s3',
      '@observablehq/plot',
    ]) {
      expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\([\\w.-]+\\)$`, 'm'));
    }
    // Neither is bundled.
    expect(text).not.toMatch(/^(sharp|koffi|vitest) \d/m);
  });

  test('is published with provenance only, as the version of this repository, and runs no script on install', async () => {
    const manifest = JSON.parse(await readFile(join(folder, 'package', 'package.json'), 'utf8')) as object;
    expect(manifest).toMatchObject({
      version: packageFile.version,
      license: packageFile.license,
      publishConfig: { provenance: true },
      repository: { url: 'git+https://github.com/somebody/blockstill.git' },
      dependencies: { sharp: packageFile.dependencies.sharp, koffi: packageFile.dependencies.koffi },
    });
    expect(manifest).not.toHaveProperty('scripts');
    expect(manifest).not.toHaveProperty('private');
    expect(packageFile).toMatchObject({ private: true });
  });

  test('brings the programs that it names', async () => {
    const { code, stdout } = await installed('blockstill', ['--version']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${packageFile.version}\n` });
    expect((await installed('kubectl-blockstill', ['--help'])).stdout).toContain(
      'blockstill status mnist --watch',
    );
    expect((await installed('blockstill-operator', ['--help'])).stdout).toContain(
      '--leader-election-namespace',
    );
    expect((await installed('kubectl_complete-blockstill', ['susp'])).stdout).toContain('suspend');
  });

  test('validates a model and its data', async () => {
    const result = await installed('blockstill', ['validate', await writeJob(), '--output', 'json']);
    expect(result.code, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({
      samples: { train: 28, validation: 8, test: 4 },
      classes: 10,
    });
  });

  test('says in a sentence that it cannot train, and what can', async () => {
    const { code, stderr, stdout } = await installed('blockstill', ['run', await writeJob()]);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain("This installation can't train");
    expect(stderr).toContain('make setup');
    expect(stderr).toContain('(run/no-tensorflow)');
  });

  test('shows the status of a job in a cluster', async () => {
    const status = { observedGeneration: 1, phase: 'Distilling' as const, blocks: [] };
    await using server = await startApiServer((request, response) =>
      request.url?.endsWith('/distillationjobs/mnist') === true
        ? answer(response, 200, aDistillationJob({ status }))
        : answer(response, 404, {}),
    );
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: server.origin, 'insecure-skip-tls-verify': true } }],
        contexts: [{ name: 'here', context: { cluster: 'c', namespace: 'team' } }],
        'current-context': 'here',
      }),
    );
    const result = await installed('kubectl-blockstill', ['status', 'mnist'], { KUBECONFIG: kubeconfig });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('mnist: distilling.');
  });

  test('tells an older Node that it is too old', async () => {
    const program = join(folder, 'node_modules', 'blockstill', 'bin', 'blockstill.mjs');
    const pretend = join(folder, 'pretend.cjs');
    await writeFile(pretend, "Object.defineProperty(process.versions, 'node', { value: '20.20.2' });");
    const { code, stderr } = await run(process.execPath, ['--require', pretend, program, '--help']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'Blockstill needs Node 24 or newer; this is 20.20.2. Install a newer Node and run the same command again.\n',
    );
  });
});

/** The teacher of the MNIST example with forty images that need not make sense. */
async function writeJob(): Promise<string> {
  const job = join(folder, 'job');
  await mkdir(job, { recursive: true });
  const images = npy(
    '|u1',
    [40, 28, 28],
    Uint8Array.from({ length: 40 * 28 * 28 }, (_, at) => at % 251),
  );
  const labels = npy(
    '|u1',
    [40],
    Uint8Array.from({ length: 40 }, (_, at) => at % 10),
  );
  await writeFile(join(job, 'data.npz'), zip({ 'x.npy': images, 'y.npy': labels }, { deflate: true }));
  const manifest = {
    apiVersion: 'blockstill.dev/v1alpha1',
    kind: 'DistillationJob',
    metadata: { name: 'small' },
    spec: {
      teacher: { uri: join(root, 'examples', 'mnist', 'teacher') },
      dataset: {
        format: 'NPZ',
        train: { uri: './data.npz' },
        validation: { fraction: 0.2 },
        test: { fraction: 0.1 },
      },
      output: { uri: './student' },
      execution: { device: 'CPU' },
    },
  };
  const path = join(job, 'job.json');
  await writeFile(path, JSON.stringify(manifest));
  return path;
}
