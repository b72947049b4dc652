import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manifestWith } from '../../crds/test-manifests.ts';
import { switches } from '../chart/every-switch.ts';
import { jsonSchemas, schemaNames, type OpenApi } from '../chart/json-schemas.ts';
import { checkersSuite, whyNoCheckers, whyNoHelm } from '../chart/requirements.ts';
import { runChecker } from '../chart/run-checker.ts';
import { template } from '../../scripts/helm/run-helm.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { useApiServer } from './use-api-server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const reason = (await whyNoTestServer()) ?? (await whyNoCheckers()) ?? (await whyNoHelm());

/** Their definitions are those of others. */
const foreign = [
  'monitoring.coreos.com/v1/PodMonitor',
  'monitoring.coreos.com/v1/ServiceMonitor',
  'monitoring.coreos.com/v1/PrometheusRule',
  'kueue.x-k8s.io/v1beta2/ResourceFlavor',
  'kueue.x-k8s.io/v1beta2/ClusterQueue',
  'kueue.x-k8s.io/v1beta2/LocalQueue',
  'kueue.x-k8s.io/v1beta2/WorkloadPriorityClass',
];

/** Of everything in the chart, the manifests and the examples. */
const groups = [
  'api/v1',
  'apis/apps/v1',
  'apis/rbac.authorization.k8s.io/v1',
  'apis/policy/v1',
  'apis/networking.k8s.io/v1',
  'apis/apiextensions.k8s.io/v1',
  'apis/blockstill.dev/v1alpha1',
];

interface Checked {
  readonly resources: readonly { readonly kind: string; readonly status: string; readonly msg: string }[];
  readonly summary: Readonly<Record<'valid' | 'invalid' | 'errors' | 'skipped', number>>;
}

describe.skipIf(cannotRun(checkersSuite, reason))(
  'kubeconform, with the schemas of a real API server',
  () => {
    const held = new AsyncDisposableStack();
    const server = useApiServer();
    let schemas = '';

    beforeAll(async () => {
      schemas = held.use(await mkdtempDisposable(join(tmpdir(), 'blockstill-schemas-'))).path;
      for (const group of groups) {
        const document = await waitFor(`the schemas of ${group}`, async () => {
          const text = await server()
            .kubectl(['get', '--raw', `/openapi/v3/${group}`])
            .catch(() => undefined);
          return text === undefined ? undefined : (JSON.parse(text) as OpenApi);
        });
        for (const { name, schema } of jsonSchemas(document)) {
          await writeFile(join(schemas, name), JSON.stringify(schema));
        }
      }
    });
    afterAll(async () => await held.disposeAsync());

    async function check(manifests: string): Promise<Checked> {
      const location = `-schema-location=${join(schemas, schemaNames)}`;
      const form = ['-strict', '-n=1', '-output=json', '-summary', '-verbose', `-skip=${foreign.join(',')}`];
      return JSON.parse(await runChecker('kubeconform', [location, ...form, '-'], manifests)) as Checked;
    }

    /** What is wrong; nothing may be left unchecked but what is of others. */
    function faultsIn({ resources, summary }: Checked): readonly object[] {
      if (summary.valid === 0) return [{ msg: 'Nothing was checked.' }];
      return resources.filter(({ status }) => !['statusValid', 'statusSkipped'].includes(status));
    }

    test.each(Object.entries(switches))('finds no fault in the chart with %s', async (_name, values) => {
      const { code, stdout, stderr } = await template(values, { withTests: true });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(faultsIn(await check(stdout))).toEqual([]);
    });

    test.each(['helm/manifests', 'helm/examples/kustomize'])('finds no fault in %s', async (folder) => {
      const manifests = await kubectl(server().kubeconfig, ['kustomize', join(root, folder)]);
      const checked = await check(manifests);
      expect(faultsIn(checked)).toEqual([]);
      expect(checked.summary).toMatchObject({ valid: 15, skipped: 0 });
    });

    test.each([
      'helm/examples/kueue.yaml',
      'helm/examples/worker-network-policy.yaml',
      'examples/mnist/cluster.yaml',
    ])('finds no fault in %s', async (path) => {
      expect(faultsIn(await check(await readFile(join(root, path), 'utf8')))).toEqual([]);
    });

    test('would find a field that is unknown, of the wrong type, or missing, at any depth', async () => {
      const container = (more: object) => ({ containers: [{ name: 'a', image: 'a', ...more }] });
      const pod = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec });
      const wrong = [
        pod(container({ imagePulPolicy: 'Always' })),
        pod(container({ ports: [{ containerPort: '80' }] })),
        pod({}),
        manifestWith({ 'spec.distil': { epochs: 1 } }),
      ];
      const { resources } = await check(
        [pod(container({})), ...wrong].map((each) => JSON.stringify(each)).join('\n---\n'),
      );
      expect(resources.map(({ status }) => status)).toEqual([
        'statusValid',
        ...wrong.map(() => 'statusInvalid'),
      ]);
      expect(resources.map(({ msg }) => msg).join('\n')).toContain('imagePulPolicy');
    });
  },
);
