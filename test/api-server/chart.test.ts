import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manifestWith } from '../../crds/test-manifests.ts';
import { deploymentOf } from '../chart/deployment-of.ts';
import { whyNoHelm } from '../chart/requirements.ts';
import { chartFolder, render, runHelm, template } from '../../scripts/helm/run-helm.ts';
import { startApiServer } from '../cluster/api-server.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { whyNoApiServer } from '../cluster/requirements.ts';
import { waitFor } from '../cluster/wait-for.ts';

const namespace = 'blockstill-system';
const example = fileURLToPath(new URL('../../helm/examples/worker-network-policy.yaml', import.meta.url));
const reason = (await whyNoApiServer()) ?? (await whyNoHelm());

/** Every object that needs no definition of others. */
const everything = {
  commonLabels: { team: 'vision' },
  watchNamespaces: ['lab'],
  metrics: { dashboard: { enabled: true } },
  networkPolicy: { enabled: true },
  dcgmExporterUrl: 'http://{node-ip}:9400/metrics',
};

describe.skipIf(cannotRun('The chart on a real API server', reason))('the chart on a real API server', () => {
  const held = new AsyncDisposableStack();
  // One of its own: the chart brings a definition that other tests bring along, too.
  let kubeconfig = '';

  beforeAll(async () => {
    ({ kubeconfig } = held.use(await startApiServer()));
    for (const name of [namespace, 'lab']) await kubectl(kubeconfig, ['create', 'namespace', name]);
    await kubectl(kubeconfig, [
      'label',
      'namespace',
      namespace,
      'pod-security.kubernetes.io/enforce=restricted',
    ]);
  });
  afterAll(async () => await held.disposeAsync());

  async function helm(command: readonly string[], values?: object): Promise<string> {
    const place = ['--kubeconfig', kubeconfig, '--namespace', namespace];
    const given = values === undefined ? [] : ['--values', '-'];
    const { code, stdout, stderr } = await runHelm([...command, ...place, ...given], JSON.stringify(values));
    if (code !== 0) throw new Error(`helm ${command.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Names of all objects of the chart that are there. */
  async function objectsThere(): Promise<readonly string[]> {
    const kinds =
      'deployments,services,serviceaccounts,roles,rolebindings,clusterroles,clusterrolebindings,poddisruptionbudgets,' +
      'networkpolicies,configmaps,customresourcedefinitions';
    const chosen = ['--all-namespaces', '-l', 'app.kubernetes.io/name=blockstill-operator', '-o', 'name'];
    const said = await kubectl(kubeconfig, ['get', kinds, ...chosen]);
    return said.split('\n').filter((line) => line !== '');
  }

  test.each([
    ['nothing', {}],
    ['everything', everything],
  ])('has no field that the API does not know, with %s said', async (_name, values) => {
    const { stdout } = await template(values);
    const apply = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
    expect(await kubectl(kubeconfig, apply, stdout)).toContain(
      'deployment.apps/blockstill serverside-applied',
    );
  });

  test('has an example of a network policy for workers that the API takes', async () => {
    const apply = ['apply', '--namespace', 'lab', '--dry-run=server', '--validate=strict', '-f', example];
    expect(await kubectl(kubeconfig, apply)).toContain('blockstill-workers created');
  });

  test('runs the operator in a pod of the restricted level, which refuses one with less', async () => {
    const { pod } = deploymentOf(await render());
    const create = async (spec: object) =>
      await kubectl(
        kubeconfig,
        ['create', '--namespace', namespace, '--dry-run=server', '-f', '-'],
        JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'operator' }, spec }),
      );
    expect(await create(pod)).toContain('pod/operator created');
    await expect(create({ ...pod, securityContext: {} })).rejects.toThrow(/violates PodSecurity "restricted/);
  });

  /** The API knows every field of what `helm test` makes, and lets its pod into a restricted namespace. */
  async function expectTestToBeTaken(): Promise<void> {
    const { stdout } = await template(everything, { withTests: true });
    const documents = stdout.split(/^---$/m).filter((text) => text.includes('helm.sh/hook: test'));
    expect(documents).toHaveLength(8);
    const apply = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
    const said = await kubectl(kubeconfig, apply, documents.join('---\n'));
    expect(said.match(/ serverside-applied/g)).toHaveLength(8);
  }

  test('is installed, upgraded and uninstalled; the definition and the jobs stay', async () => {
    const said = await helm(['install', 'blockstill', chartFolder], everything);
    expect(said).toContain('It watches lab.');
    expect(said).toContain('rollout status deployment/blockstill\n');
    expect(await objectsThere()).toHaveLength((await render(everything)).length);
    const create = async (name: string) =>
      await kubectl(
        kubeconfig,
        ['create', '--namespace', 'lab', '-f', '-'],
        JSON.stringify(manifestWith({ 'metadata.name': name })),
      );
    await waitFor('the definition', async () => await create('kept').catch(() => undefined));
    await expectTestToBeTaken();

    await helm(['upgrade', 'blockstill', chartFolder], { ...everything, replicas: 1 });
    const replicas = ['get', 'deployment/blockstill', '-n', namespace, '-o', 'jsonpath={.spec.replicas}'];
    expect(await kubectl(kubeconfig, replicas)).toBe('1');
    expect((await objectsThere()).filter((name) => name.startsWith('poddisruptionbudget'))).toEqual([]);

    await helm(['rollback', 'blockstill', '1']);
    expect(await kubectl(kubeconfig, replicas)).toBe('2');

    await helm(['uninstall', 'blockstill']);
    expect(await objectsThere()).toEqual([
      'customresourcedefinition.apiextensions.k8s.io/distillationjobs.blockstill.dev',
    ]);
    expect(await kubectl(kubeconfig, ['get', 'distill', '--namespace', 'lab', '-o', 'name'])).toBe(
      'distillationjob.blockstill.dev/kept\n',
    );

    // Whoever comes back finds them.
    await helm(['install', 'blockstill', chartFolder], everything);
    expect(await objectsThere()).toHaveLength((await render(everything)).length);
  });
});
