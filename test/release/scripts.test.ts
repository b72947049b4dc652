import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { runCommand, type CommandResult } from '../../scripts/tensorflow/command.ts';

const root = dirname(dirname(import.meta.dirname));
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

interface Ended extends CommandResult {
  /** Programs that the script called, with what they were given. */
  readonly calls: readonly string[];
}

/** Runs a script of a release, with stand-ins for the programs that it calls: each notes its call and prints a text. */
async function runScript(
  script: string,
  parameters: readonly string[],
  programs: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-release-'));
  const calls = join(folder.path, 'calls');
  await writeFile(calls, '');
  for (const [name, does] of Object.entries(programs)) {
    const path = join(folder.path, name);
    await writeFile(path, `#!/bin/sh\necho "${name} $*" >>'${calls}'\n${does}\n`);
    await chmod(path, 0o755);
  }
  const PATH = [folder.path, process.env['PATH']].join(delimiter);
  const ended = await runCommand(join(root, 'scripts', 'release', script), parameters, {
    environment: { PATH },
  });
  return { ...ended, calls: (await readFile(calls, 'utf8')).split('\n').filter(Boolean) };
}

const chart = ['packed/blockstill-1.0.0-rc.1.tgz', 'ghcr.io/example/charts'];

test('a chart is signed as the registry took it', async () => {
  // As Helm 4 says it, on standard error.
  const helm = `echo 'Pushed: ghcr.io/example/charts/blockstill:1.0.0-rc.1' >&2; echo 'Digest: ${digest}' >&2`;
  expect(await runScript('push-chart', chart, { helm, cosign: '' })).toMatchObject({
    code: 0,
    calls: [
      'helm push packed/blockstill-1.0.0-rc.1.tgz oci://ghcr.io/example/charts',
      `cosign sign --yes ghcr.io/example/charts/blockstill@${digest}`,
    ],
  });
});

test('a chart that was not pushed is not signed, and the reason is passed on', async () => {
  const helm = `echo 'Digest: ${digest}'; echo 'Error: denied' >&2; exit 1`;
  const ended = await runScript('push-chart', chart, { helm, cosign: '' });
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain('Error: denied');
  expect(ended.calls).toHaveLength(1);
});

test('a chart whose digest is unknown is an error', async () => {
  const ended = await runScript('push-chart', chart, { helm: 'echo Pushed', cosign: '' });
  expect(ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('did not say the digest') as unknown,
  });
  expect(ended.calls).toHaveLength(1);
});

test.each([
  ['1.0.0', 'latest'],
  ['1.0.0-rc.1', 'next'],
])('the npm package of %s is what people get as %s', async (version, tag) => {
  const { calls } = await runScript('publish-npm', [`packed/blockstill-${version}.tgz`, version], {
    npm: '',
  });
  expect(calls).toEqual([
    `npm publish ./packed/blockstill-${version}.tgz --provenance --access public --tag ${tag}`,
  ]);
});

test('a release has its assets and their checksums', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-assets-'));
  const [downloaded, assets] = [join(folder.path, 'downloaded'), join(folder.path, 'assets')];
  for (const kind of ['chart', 'npm']) {
    await mkdir(join(downloaded, `asset-${kind}`), { recursive: true });
    await writeFile(join(downloaded, `asset-${kind}`, 'blockstill-1.0.0.tgz'), kind);
  }
  const { code, stderr } = await runScript('gather-assets', [downloaded, assets, '1.0.0']);
  expect(code, stderr).toBe(0);
  const crd = await readFile(join(root, 'crds', 'blockstill.dev_distillationjobs.yaml'));
  const sum = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
  expect((await readFile(join(assets, 'checksums.txt'), 'utf8')).split('\n').filter(Boolean).sort()).toEqual(
    [
      `${sum('chart')}  blockstill-chart-1.0.0.tgz`,
      `${sum('npm')}  blockstill-npm-1.0.0.tgz`,
      `${sum(crd)}  blockstill.dev_distillationjobs.yaml`,
    ].sort(),
  );
});

test('a release lacks nothing in silence', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-assets-'));
  const { code } = await runScript('gather-assets', [folder.path, join(folder.path, 'assets'), '1.0.0']);
  expect(code).not.toBe(0);
});

test.each([
  ['v1.0.0', ''],
  ['v1.0.0-rc.1', '--prerelease '],
])('%s is made of a tag that is there', async (tag, option) => {
  await using assets = await mkdtempDisposable(join(tmpdir(), 'blockstill-assets-'));
  await writeFile(join(assets.path, 'checksums.txt'), '');
  const { calls } = await runScript('publish-release', [tag, 'notes.md', assets.path], { gh: '' });
  expect(calls).toEqual([
    `gh release create ${tag} --verify-tag --title ${tag} --notes-file notes.md ${option}${assets.path}/checksums.txt`,
  ]);
});

const base = 'docker.io/library/node:24-bookworm-slim';

test('images of a release begin with one digest', async () => {
  expect(await runScript('resolve-base', [base], { docker: `echo '${digest}'` })).toMatchObject({
    code: 0,
    stdout: `${base}@${digest}\n`,
    calls: [`docker buildx imagetools inspect --format {{.Manifest.Digest}} ${base}`],
  });
  const unknown = await runScript('resolve-base', [base], { docker: 'echo' });
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
  expect(unknown.stderr).toContain(`no digest for ${base}`);
  const refused = await runScript('resolve-base', [base], { docker: 'echo denied >&2; exit 1' });
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: 'denied\n' });
});

test('room is made by removing no more than is needed, and a disk that is too small is told', async () => {
  // A disk on which each removal frees 10 GB.
  const df = (free: number) =>
    `echo Avail; removed=$(grep -c sudo "$(dirname "$0")/calls"); echo "  $((${free} + 10 * removed))"`;
  const sudo = '';
  const enough = await runScript('free-disk', ['25'], { df: df(30), sudo });
  expect(enough).toMatchObject({ code: 0, stdout: '30 GB are free.\n' });
  expect(enough.calls.filter((call) => call.startsWith('sudo'))).toEqual([]);
  const short = await runScript('free-disk', ['25'], { df: df(14), sudo });
  expect(short).toMatchObject({ code: 0, stdout: '34 GB are free.\n' });
  expect(short.calls.filter((call) => call.startsWith('sudo'))).toEqual([
    'sudo rm -rf /usr/local/lib/android',
    'sudo rm -rf /usr/share/dotnet',
  ]);
  const small = await runScript('free-disk', ['25'], { df: 'echo Avail; echo 14', sudo });
  expect(small).toMatchObject({ code: 1, stdout: '' });
  expect(small.stderr).toContain('Only 14 of the 25 GB');
});
