import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { chartValues } from '../../helm/chart-readme.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { cannotRun } from '../cluster/cannot-run.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';
import { chartFolder, only, render, runHelm, type KubernetesObject } from '../../scripts/helm/run-helm.ts';

const read = async (name: string): Promise<string> => await readFile(join(chartFolder, name), 'utf8');

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
}

/** Paths of all values that a schema names. */
function pathsIn({ properties }: Schema, prefix = ''): readonly string[] {
  return Object.entries(properties ?? {}).flatMap(([name, member]) =>
    member.properties === undefined ? [`${prefix}${name}`] : pathsIn(member, `${prefix}${name}.`),
  );
}

/** Paths of maps with fixed members that let others through. */
function openMaps(schema: Schema, path = ''): readonly string[] {
  const { properties } = schema;
  if (properties === undefined) return [];
  const own = schema.additionalProperties === false ? [] : [path];
  return [
    ...own,
    ...Object.entries(properties).flatMap(([name, member]) => openMaps(member, `${path}.${name}`)),
  ];
}

describe('the chart', () => {
  test('has a schema that knows every value, and no other', async () => {
    const schema = JSON.parse(await read('values.schema.json')) as Schema;
    const documented = chartValues(await read('values.yaml')).map(({ path }) => path);
    const inSchema = pathsIn(schema);
    // Maps that the schema looks into, and the table does not; and what Helm itself adds.
    const deeper = inSchema.filter(
      (path) => !documented.includes(path) && !documented.some((value) => path.startsWith(`${value}.`)),
    );
    expect(deeper).toEqual(['global', 'resources.claims']);
    const unknown = documented.filter(
      (path) => !inSchema.includes(path) && !inSchema.some((known) => known.startsWith(`${path}.`)),
    );
    expect(unknown).toEqual([]);
    expect(openMaps(schema)).toEqual([]);
  });

  test('is of the version of the package, as are its images', async () => {
    const chart = parse(await read('Chart.yaml')) as { version: string; appVersion: string };
    expect(chart).toMatchObject({ version: packageFile.version, appVersion: packageFile.version });
  });
});

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))('the chart, to Helm', () => {
  test('has no fault', async () => {
    expect(await runHelm(['lint', '--strict', '--with-subcharts', chartFolder])).toMatchObject({ code: 0 });
  });

  test.each(['README.md', 'docs/quick-start.md', 'docs/install.md', 'helm/blockstill/README.md'])(
    'is installed by the command in %s',
    async (page) => {
      const root = new URL('../../', import.meta.url);
      const text = await readFile(new URL(page, root), 'utf8');
      const [, command = ''] = /^helm install ((?:.*\\\n)*.*)$/m.exec(text) ?? [];
      const given = command.split(/[\s\\]+/).map((word) => (word === 'helm/blockstill' ? chartFolder : word));
      const { code, stdout, stderr } = await runHelm(['template', ...given]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('namespace: blockstill-system\n');
    },
  );

  test('is refused by a Kubernetes that is too old', async () => {
    const at = async (version: string) =>
      await runHelm(['template', 'x', chartFolder, '--kube-version', version]);
    expect(await at('1.28.15')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('1.29') as unknown,
    });
    expect(await at('1.29.0')).toMatchObject({ code: 0 });
    expect(await at('1.29.4-eks-1a2b3c')).toMatchObject({ code: 0 });
  });

  test('consists of these objects when nothing is said', async () => {
    const objects = await render();
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).toSorted()).toEqual([
      'ClusterRole blockstill',
      'ClusterRole blockstill-admin',
      'ClusterRole blockstill-edit',
      'ClusterRole blockstill-nodes',
      'ClusterRole blockstill-view',
      'ClusterRoleBinding blockstill',
      'ClusterRoleBinding blockstill-nodes',
      'CustomResourceDefinition distillationjobs.blockstill.dev',
      'Deployment blockstill',
      'PodDisruptionBudget blockstill',
      'Role blockstill-election',
      'RoleBinding blockstill-election',
      'Service blockstill-metrics',
      'ServiceAccount blockstill',
    ]);
  });

  test('names its objects after the release, and all of them have its labels', async () => {
    const everything = {
      commonLabels: { team: 'vision', 'app.kubernetes.io/name': 'other' },
      metrics: {
        podMonitor: { enabled: true },
        workerMonitor: { enabled: true },
        rule: { enabled: true },
        dashboard: { enabled: true },
      },
      networkPolicy: { enabled: true },
    };
    const objects = await render(everything, { name: 'lab', namespace: 'lab-system' });
    expect(objects).toHaveLength(19);
    for (const { kind, metadata } of objects) {
      const what = `${kind} ${metadata.name}`;
      expect(metadata.name, what).toMatch(/^lab-blockstill(-[a-z]+)?$|^distillationjobs\.blockstill\.dev$/);
      const clusterWide = /^Cluster|^CustomResource/.test(kind);
      expect(metadata.namespace, what).toBe(clusterWide ? undefined : 'lab-system');
      expect(metadata.labels, what).toMatchObject({
        'app.kubernetes.io/name': 'blockstill-operator',
        'app.kubernetes.io/instance': 'lab',
        'app.kubernetes.io/managed-by': 'Helm',
        'helm.sh/chart': `blockstill-${packageFile.version}`,
        team: 'vision',
      });
    }
  });

  test('names its objects as it is told to', async () => {
    const nameOf = async (values: object) =>
      only(await render(values, { name: 'lab' }), 'Deployment').metadata.name;
    expect(await nameOf({ nameOverride: 'distiller' })).toBe('lab-distiller');
    expect(await nameOf({ fullnameOverride: 'distiller' })).toBe('distiller');
  });

  test('brings the definition of the resource, and leaves it when it goes', async () => {
    const path = new URL('../../crds/blockstill.dev_distillationjobs.yaml', import.meta.url);
    const { metadata, ...definition } = parse(await readFile(path, 'utf8')) as KubernetesObject;
    const brought = only(await render(), 'CustomResourceDefinition');
    expect(brought).toEqual({ ...definition, metadata: expect.anything() as unknown });
    expect(brought.metadata).toMatchObject({
      name: metadata.name,
      annotations: { 'helm.sh/resource-policy': 'keep' },
    });
  });

  test('lets the definition go, or does not bring it, where that is asked for', async () => {
    const goes = only(await render({ crds: { keep: false } }), 'CustomResourceDefinition');
    expect(goes.metadata.annotations).toBeUndefined();
    const objects = await render({ crds: { enabled: false } });
    expect(objects.filter(({ kind }) => kind === 'CustomResourceDefinition')).toEqual([]);
  });
});
