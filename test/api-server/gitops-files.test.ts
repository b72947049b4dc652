import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { definitionsFolder } from '../../scripts/gitops/judge.ts';
import { startApiServer } from '../cluster/api-server.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { define } from '../cluster/definition.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { whyNoApiServer } from '../cluster/requirements.ts';
import { gitopsFile } from '../gitops/judge.ts';
import { whyNoJudge } from '../gitops/requirements.ts';

const reason = (await whyNoApiServer()) ?? (await whyNoJudge());
const files = [
  'argo-cd/operator.yaml',
  'argo-cd/jobs.yaml',
  'flux/repository.yaml',
  'flux/operator.yaml',
  'flux/jobs.yaml',
  'flux/jobs-accepted.yaml',
  'operator/release.yaml',
];

describe.skipIf(cannotRun('The files for GitOps', reason))('the files for GitOps', () => {
  const held = new AsyncDisposableStack();
  // One of its own: definitions of others would stay in that of a developer.
  let kubeconfig = '';

  beforeAll(async () => {
    ({ kubeconfig } = held.use(await startApiServer()));
    const folder = await definitionsFolder();
    for (const name of await readdir(folder)) await defineFrom(join(folder, name));
    await define(kubeconfig);
    for (const name of ['argocd', 'flux-system', 'blockstill-system', 'distillation']) {
      await kubectl(kubeconfig, ['create', 'namespace', name]);
    }
  });
  afterAll(async () => await held.disposeAsync());

  async function defineFrom(file: string): Promise<void> {
    const [, name = ''] = /^ {2}name: (\S+)$/m.exec(await readFile(file, 'utf8')) ?? [];
    await define(kubeconfig, [file], name);
  }

  async function check(text: string): Promise<string> {
    return await kubectl(kubeconfig, ['apply', '--dry-run=server', '--validate=strict', '-f', '-'], text);
  }

  test.each(files)('%s is what the definitions of Argo CD and Flux ask for', async (file) => {
    expect(await check(await readFile(gitopsFile(file), 'utf8'))).toContain('(server dry run)');
  });

  test('a field that those do not know would be told of', async () => {
    for (const [file, field] of [
      ['flux/jobs.yaml', 'healthCheckExprs'],
      ['argo-cd/jobs.yaml', 'syncPolicy'],
      ['operator/release.yaml', 'reconcileStrategy'],
    ] as const) {
      const text = (await readFile(gitopsFile(file), 'utf8')).replace(`${field}:`, 'wrong:');
      await expect(check(text)).rejects.toThrow(/unknown field ".*wrong"/);
    }
  });

  test('the jobs are accepted as they are', async () => {
    const apply = ['apply', '-n', 'distillation', '--dry-run=server', '--validate=strict'];
    const said = await kubectl(kubeconfig, [...apply, '-f', gitopsFile('jobs')]);
    expect(said).toContain('distillationjob.blockstill.dev/mnist-1 created');
  });

  test("the patch gives Argo CD's ConfigMap the health check, and takes nothing away", async () => {
    const argo = ['-n', 'argocd'];
    await kubectl(kubeconfig, [
      'create',
      'configmap',
      'argocd-cm',
      ...argo,
      '--from-literal=url=https://argo.example',
    ]);
    const patch = ['patch', 'configmap', 'argocd-cm', ...argo];
    await kubectl(kubeconfig, [...patch, '--patch-file', gitopsFile('argo-cd/argocd-cm.yaml')]);
    const { data } = JSON.parse(
      await kubectl(kubeconfig, ['get', 'configmap', 'argocd-cm', ...argo, '-o', 'json']),
    ) as { data: Readonly<Record<string, string>> };
    expect(data).toEqual({
      url: 'https://argo.example',
      'resource.customizations.health.blockstill.dev_DistillationJob': await readFile(
        gitopsFile('argo-cd/health.lua'),
        'utf8',
      ),
      'resource.customizations.ignoreResourceUpdates.blockstill.dev_DistillationJob':
        'jsonPointers:\n  - /status\n',
    });
  });
});
