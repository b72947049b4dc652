import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { manifestWith } from '../../crds/test-manifests.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { deploymentOf, type Deployment } from '../chart/deployment-of.ts';
import { startApiServer } from '../cluster/api-server.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { whyNoApiServer } from '../cluster/requirements.ts';
import { waitFor } from '../cluster/wait-for.ts';

const folderOf = (name: string): string => fileURLToPath(new URL(`../../helm/${name}`, import.meta.url));
const manifests = folderOf('manifests');

describe.skipIf(cannotRun('The manifests on a real API server', await whyNoApiServer()))(
  'kubectl apply -k',
  () => {
    const held = new AsyncDisposableStack();
    // One of its own: the manifests bring a definition that other tests bring along, too.
    let kubeconfig = '';
    const run = async (...command: readonly string[]): Promise<string> => await kubectl(kubeconfig, command);

    beforeAll(async () => {
      ({ kubeconfig } = held.use(await startApiServer()));
    });
    afterAll(async () => await held.disposeAsync());

    test('installs the operator into an empty cluster, and changes nothing the second time', async () => {
      const said = await run('apply', '-k', manifests, '--validate=strict');
      expect(said).toContain('deployment.apps/blockstill-operator created');
      // It fails where there is a difference.
      expect(await run('diff', '-k', manifests)).toBe('');
      const job = JSON.stringify(manifestWith({ 'metadata.name': 'first' }));
      await waitFor(
        'the definition',
        async () => await kubectl(kubeconfig, ['create', '-f', '-'], job).catch(() => undefined),
      );
    });

    test('runs it in a pod that the level of its namespace lets in', async () => {
      const json = await run(
        'get',
        'deployment/blockstill-operator',
        '-n',
        'blockstill-system',
        '-o',
        'json',
      );
      const { pod } = deploymentOf([JSON.parse(json) as Deployment]);
      const create = async (spec: object) =>
        await kubectl(
          kubeconfig,
          ['create', '--namespace', 'blockstill-system', '--dry-run=server', '-f', '-'],
          JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'operator' }, spec }),
        );
      expect(await create(pod)).toContain('pod/operator created');
      await expect(create({ ...pod, securityContext: {} })).rejects.toThrow(
        /violates PodSecurity "restricted/,
      );
    });

    test('takes other images for operator and workers from an overlay', async () => {
      const rendered = await run('kustomize', folderOf('examples/kustomize'));
      const objects = parseAllDocuments(rendered).map((document) => document.toJS() as Deployment);
      const { container } = deploymentOf(objects);
      expect(container.image).toBe(`registry.example/operator:${packageFile.version}`);
      expect(container.env).toContainEqual({
        name: 'BLOCKSTILL_WORKER_IMAGE',
        value: `registry.example/worker:${packageFile.version}`,
      });
      expect(await run('apply', '--dry-run=server', '-k', folderOf('examples/kustomize'))).toContain(
        'deployment.apps/blockstill-operator configured',
      );
    });
  },
);
