import { mkdtempDisposable, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { actionlintFolder } from '../../scripts/actionlint/actionlint.ts';
import { runCommand, type CommandResult } from '../../scripts/tensorflow/command.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { actionlintSuite, whyNoActionlint } from './requirements.ts';

const root = dirname(dirname(import.meta.dirname));
const folder = join(root, '.github', 'workflows');

interface Step {
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly container?: unknown;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly uses?: string;
  readonly secrets?: unknown;
  readonly steps?: readonly Step[];
  readonly strategy?: { readonly matrix: { readonly include: readonly { readonly file: string }[] } };
}

interface Workflow {
  readonly name: string;
  readonly text: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

async function readWorkflow(name: string): Promise<Workflow> {
  const text = await readFile(join(folder, name), 'utf8');
  return { ...(parse(text) as Omit<Workflow, 'name' | 'text'>), name, text };
}

const workflows = await Promise.all((await readdir(folder)).sort().map(readWorkflow));
const jobs = workflows.flatMap(({ name, jobs: all }) =>
  Object.entries(all).map(([id, job]) => ({ id: `${name} ${id}`, job })),
);
const steps = jobs.flatMap(({ id, job }) => (job.steps ?? []).map((step) => ({ id, step })));

describe('the workflows', () => {
  test('are these', () => {
    expect(workflows.map(({ name }) => name)).toEqual(['ci.yaml', 'release.yaml']);
  });

  test('start from pushes, pull requests without secrets, and each other', () => {
    expect(Object.fromEntries(workflows.map(({ name, on }) => [name, Object.keys(on).sort()]))).toEqual({
      'ci.yaml': ['pull_request', 'push', 'workflow_call'],
      'release.yaml': ['push'],
    });
    // Else every pull request would have its hands in a release.
    expect(workflows.find(({ name }) => name === 'release.yaml')?.on).toEqual({
      push: { tags: ['v[0-9]*'] },
    });
  });

  test('may nothing but what each job is given, and only these may write', () => {
    for (const { name, permissions } of workflows) expect(permissions, name).toEqual({});
    const writes = jobs.flatMap(({ id, job }) => {
      expect(job.permissions, id).toBeDefined();
      const entries = Object.entries(job.permissions ?? {});
      return entries
        .filter(([, access]) => access !== 'read')
        .map(([what, access]) => `${id}: ${what} ${access}`);
    });
    expect(writes.sort()).toEqual([
      'release.yaml chart: id-token write',
      'release.yaml chart: packages write',
      'release.yaml images: id-token write',
      'release.yaml images: packages write',
      'release.yaml npm: id-token write',
      'release.yaml release: contents write',
      'release.yaml release: id-token write',
    ]);
  });

  test('use actions as one commit, with the version that it is beside it', () => {
    for (const { name, text } of workflows) {
      const used = text.split('\n').filter((line) => /^\s*(?:- )?uses:/.test(line));
      expect(used.length, name).toBeGreaterThan(0);
      for (const line of used) {
        if (/uses: \.\//.test(line)) continue;
        expect(line, name).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
      }
    }
  });

  test('use one commit of each action', () => {
    const uses = steps.flatMap(({ step }) => step.uses ?? []);
    const names = new Set(uses.map((use) => use.split('@')[0]));
    expect(new Set(uses).size).toBe(names.size);
  });

  test('put no expression into a script, where its value would be code', () => {
    for (const { id, step } of steps) expect(step.run ?? '', id).not.toContain('${{');
  });

  test('keep no token in a checkout, and pass no secret on', () => {
    const checkouts = steps.filter(({ step }) => step.uses?.startsWith('actions/checkout@'));
    expect(checkouts.length).toBeGreaterThan(0);
    for (const { id, step } of checkouts)
      expect(step.with, id).toMatchObject({ 'persist-credentials': false });
    for (const { id, job } of jobs) expect(job.secrets, id).toBeUndefined();
    const secrets = workflows.flatMap(({ text }) => text.match(/secrets\.\w+/g) ?? []);
    expect([...new Set(secrets)]).toEqual(['secrets.GITHUB_TOKEN', 'secrets.REGISTRY_PASSWORD']);
  });

  test("log in where they push to, and show GitHub's token to no other registry", () => {
    const logins = steps.filter(({ step }) => step.uses?.startsWith('docker/login-action@'));
    expect(logins).toHaveLength(2);
    const registry = 'needs.version.outputs.registry';
    for (const { id, step } of logins) {
      expect(step.with, id).toMatchObject({
        registry: `\${{ ${registry} }}`,
        password: `\${{ ${registry} == 'ghcr.io' && secrets.GITHUB_TOKEN || secrets.REGISTRY_PASSWORD }}`,
      });
    }
  });

  test('let git read a checkout that belongs to somebody else, in a container as root', () => {
    const inContainers = jobs.filter(({ job }) => job.container !== undefined);
    expect(inContainers.map(({ id }) => id)).toEqual(['ci.yaml test']);
    for (const { id, job } of inContainers) {
      const uses = (job.steps ?? []).map((step) => step.uses ?? step.run ?? '');
      const trust = uses.indexOf('git config --global --add safe.directory "$GITHUB_WORKSPACE"');
      expect(trust, id).toBeGreaterThan(uses.findIndex((each) => each.startsWith('actions/checkout@')));
      expect(trust, id).toBeLessThan(uses.indexOf('.ci/run'));
    }
  });

  test('build images from one base and of the time of their commit, and the large one with room for it', async () => {
    const { steps: all = [] } = jobs.find(({ id }) => id === 'release.yaml images')?.job ?? {};
    const build = all.find((step) => step.uses?.startsWith('docker/build-push-action@'));
    const given = Object.fromEntries(
      String(build?.with?.['build-args'])
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/, 2)),
    ) as Record<string, string>;
    expect(given).toEqual({
      BASE: '${{ needs.version.outputs.base }}',
      VERSION: '${{ needs.version.outputs.version }}',
      REVISION: '${{ github.sha }}',
      SOURCE_DATE_EPOCH: '${{ steps.commit.outputs.time }}',
      TENSORFLOW: '${{ matrix.tensorflow }}',
    });
    const worker = await readFile(join(root, 'images/worker.Containerfile'), 'utf8');
    for (const name of Object.keys(given)) expect(worker).toMatch(new RegExp(`^ARG ${name}=`, 'm'));
    expect(all.find((step) => step.run?.startsWith('scripts/release/free-disk'))?.if).toBe(
      "matrix.tensorflow == 'gpu'",
    );
    // What is looked up for a release is what everybody else begins with.
    const release = workflows.find(({ name }) => name === 'release.yaml')?.text ?? '';
    const base = /^ARG BASE=(\S+)$/m.exec(worker)?.[1] ?? 'missing';
    expect(release).toContain(`scripts/release/resolve-base ${base})`);
  });

  test('keep what jobs hand on while an approval may be waited for', () => {
    const uploads = steps.filter(({ step }) => step.uses?.startsWith('actions/upload-artifact@'));
    expect(uploads).toHaveLength(3);
    for (const { id, step } of uploads) expect(step.with, id).toMatchObject({ 'retention-days': 30 });
  });

  test('end by themselves', () => {
    const own = jobs.filter(({ job }) => job.uses === undefined);
    for (const { id, job } of own) expect(job['timeout-minutes'], id).toBeLessThanOrEqual(120);
  });

  test('call scripts and build files that are there', async () => {
    const called = steps.flatMap(({ step }) => step.run?.match(/(?:\.ci|scripts)\/[\w./-]+/g) ?? []);
    const built = jobs.flatMap(({ job }) => job.strategy?.matrix.include.map(({ file }) => file) ?? []);
    expect(called.length).toBeGreaterThan(5);
    expect(built).toHaveLength(3);
    for (const path of [...called, ...built])
      expect((await stat(join(root, path))).isFile(), path).toBe(true);
  });
});

describe.skipIf(cannotRun(actionlintSuite, await whyNoActionlint()))('actionlint', () => {
  async function lint(paths: readonly string[]): Promise<CommandResult> {
    // What this machine may have of other linters is no part of the answer.
    const alone = ['-no-color', '-shellcheck=', '-pyflakes='];
    return await runCommand(join(await actionlintFolder(), 'actionlint'), [...alone, ...paths], {
      folder: root,
    });
  }

  test('finds no fault with the workflows', async () => {
    expect(await lint(workflows.map(({ name }) => join(folder, name)))).toMatchObject({
      code: 0,
      stdout: '',
    });
  });

  test('would find one', async () => {
    await using other = await mkdtempDisposable(join(tmpdir(), 'blockstill-workflow-'));
    const path = join(other.path, 'broken.yaml');
    const [ci] = workflows;
    await writeFile(path, `${ci?.text.replace('timeout-minutes', 'time-out-minutes')}`);
    expect(await lint([path])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('time-out-minutes') as unknown,
    });
  });
});
