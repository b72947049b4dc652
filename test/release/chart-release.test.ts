import { mkdir, mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../../scripts/tensorflow/command.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { helmSuite, whyNoHelm } from '../chart/requirements.ts';
import { runHelm } from '../../scripts/helm/run-helm.ts';
import { cannotRun } from '../cluster/cannot-run.ts';

const root = dirname(dirname(import.meta.dirname));
const digests = { operator: 'a', 'worker-cpu': 'b', 'worker-cuda': 'c' } as const;
const digestOf = (name: keyof typeof digests): string => `sha256:${digests[name].repeat(64)}`;

interface Job {
  readonly kind: string;
  readonly spec: { readonly pod: { readonly image?: string } };
}

function jobOf(rendered: string): Job | undefined {
  const objects = parseAllDocuments(rendered).map((document) => document.toJSON() as Job | null);
  return objects.find((object) => object?.kind === 'DistillationJob') ?? undefined;
}

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))('the chart of a release', () => {
  test('is packed with the images of the release, by digest, and says on Artifact Hub what it is', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-release-'));
    const [out, told] = [join(folder.path, 'blockstill'), join(folder.path, 'digests')];
    await mkdir(told);
    for (const name of Object.keys(digests) as (keyof typeof digests)[]) {
      await writeFile(join(told, name), `${digestOf(name)}\n`);
    }
    const places = ['--images', 'ghcr.io/example', '--digests', told, '--repository', 'example/blockstill'];
    const laidOut = await runCommand(process.execPath, [
      join(root, 'scripts', 'release-chart.ts'),
      '--out',
      out,
      ...places,
    ]);
    expect(laidOut.code, laidOut.stderr).toBe(0);
    expect(await runHelm(['lint', '--strict', out])).toMatchObject({ code: 0 });
    expect(await runHelm(['package', out, '--destination', folder.path])).toMatchObject({ code: 0 });

    const packed = join(folder.path, `blockstill-${packageFile.version}.tgz`);
    const { stdout } = await runHelm(['template', 'x', packed]);
    // The small image is enough for a test on a CPU.
    const cpu = `ghcr.io/example/blockstill-worker-cpu@${digestOf('worker-cpu')}`;
    expect(jobOf(stdout)?.spec.pod.image).toBe(cpu);
    const ownTag = ['--set', 'image.tag=1.2.3'];
    expect(await runHelm(['template', 'x', packed, ...ownTag])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('set image.digest to ""') as unknown,
    });
    const own = ['--set', 'image.repository=registry.example/operator', '--set', 'image.digest='];
    expect((await runHelm(['template', 'x', packed, ...own])).stdout).toContain(
      `"registry.example/operator:${packageFile.version}"`,
    );
    const objects = parseAllDocuments(stdout).map((document) => document.toJSON() as { kind: string } | null);
    const deployment = JSON.stringify(objects.find((object) => object?.kind === 'Deployment'));
    expect(deployment).toContain(`"image":"ghcr.io/example/blockstill-operator@${digestOf('operator')}"`);
    expect(deployment).toContain(
      `"--worker-image=ghcr.io/example/blockstill-worker-cuda@${digestOf('worker-cuda')}"`,
    );

    const shown = await runHelm(['show', 'chart', packed]);
    const { annotations } = parse(shown.stdout) as { annotations: Record<string, string> };
    expect(Object.keys(annotations)).toEqual(
      expect.arrayContaining(
        ['category', 'license', 'crds', 'crdsExamples', 'images', 'links', 'changes', 'prerelease'].map(
          (name) => `artifacthub.io/${name}`,
        ),
      ),
    );
    // Nothing of the comments is lost, of which the README is made.
    const comments = (text: string): readonly string[] =>
      text.split('\n').filter((line) => /^\s*#/.test(line));
    expect(comments(await readFile(join(out, 'values.yaml'), 'utf8'))).toEqual(
      comments(await readFile(join(root, 'helm', 'blockstill', 'values.yaml'), 'utf8')),
    );
  });
});
