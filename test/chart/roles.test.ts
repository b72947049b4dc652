import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import { cannotRun } from '../cluster/cannot-run.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';
import { only, render, type KubernetesObject } from '../../scripts/helm/run-helm.ts';

interface Role extends KubernetesObject {
  readonly rules: readonly Readonly<Record<string, readonly string[]>>[];
}

interface Binding extends KubernetesObject {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly Readonly<Record<string, string>>[];
}

const manifest = new URL('../../helm/manifests/rbac.yaml', import.meta.url);
/** What test/life/permissions.test.ts shows to be what the operator needs. */
const proven = parseAllDocuments(await readFile(manifest, 'utf8')).map(
  (document) => document.toJS() as KubernetesObject,
);
const provenRules = (kind: string, name: string) => only<Role>(proven, kind, name).rules;
const account = { kind: 'ServiceAccount', name: 'blockstill', namespace: 'blockstill-system' };
const isBinding = (object: KubernetesObject): object is Binding => object.kind.endsWith('Binding');
const isRole = ({ kind }: KubernetesObject) => /Role(Binding)?$/.test(kind);

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))("the chart's roles for the operator", () => {
  test('are those of the manifests', async () => {
    const objects = await render({ leaderElection: { leaseName: 'blockstill-operator' } });
    expect(only<Role>(objects, 'ClusterRole', 'blockstill').rules).toEqual(
      provenRules('ClusterRole', 'blockstill-operator'),
    );
    expect(only<Role>(objects, 'ClusterRole', 'blockstill-nodes').rules).toEqual(
      provenRules('ClusterRole', 'blockstill-operator-nodes'),
    );
    expect(only<Role>(objects, 'Role').rules).toEqual(provenRules('Role', 'blockstill-operator-election'));
  });

  test('are each bound to its service account', async () => {
    const objects = await render();
    const bindings = objects.filter(isBinding);
    expect(bindings).toHaveLength(3);
    for (const { kind, metadata, roleRef, subjects } of bindings) {
      expect(subjects).toEqual([account]);
      expect(roleRef).toMatchObject({ kind: kind.replace('Binding', ''), name: metadata.name });
    }
  });

  test('are in each of some namespaces, and in no other, where it watches these', async () => {
    const objects = await render({
      watchNamespaces: ['red', 'blue', 'red'],
      rbac: { aggregate: false, nodes: false },
    });
    const places = objects
      .filter(isRole)
      .map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
    expect(places.toSorted()).toEqual([
      'Role blockstill-system blockstill-election',
      'Role blue blockstill',
      'Role red blockstill',
      'RoleBinding blockstill-system blockstill-election',
      'RoleBinding blue blockstill',
      'RoleBinding red blockstill',
    ]);
    for (const each of objects.filter(
      ({ kind, metadata }) => kind === 'Role' && metadata.name === 'blockstill',
    )) {
      expect((each as Role).rules).toEqual(provenRules('ClusterRole', 'blockstill-operator'));
    }
    for (const { subjects, roleRef, metadata } of objects.filter(isBinding)) {
      expect(subjects).toEqual([account]);
      expect(roleRef).toMatchObject({ kind: 'Role', name: metadata.name });
    }
  });

  test('say nothing of nodes, of a Lease, or nothing at all, where that is asked for', async () => {
    const noNodes = await render({ rbac: { nodes: false } });
    expect(noNodes.filter(({ metadata }) => metadata.name.endsWith('-nodes'))).toEqual([]);
    const noLease = await render({ leaderElection: { enabled: false }, replicas: 1 });
    expect(noLease.filter(({ metadata }) => metadata.name.endsWith('-election'))).toEqual([]);
    const none = await render({ rbac: { create: false, aggregate: false } });
    expect(none.filter(isRole)).toEqual([]);
  });

  test('are about the Lease where the operator looks for it', async () => {
    const objects = await render({ leaderElection: { namespace: 'leases', leaseName: 'mine' } });
    const role = only<Role>(objects, 'Role');
    expect(role.metadata.namespace).toBe('leases');
    expect(role.rules.at(-1)).toMatchObject({ resourceNames: ['mine'] });
    expect(only(objects, 'RoleBinding').metadata.namespace).toBe('leases');
  });

  test('go to a service account from elsewhere', async () => {
    const objects = await render({ serviceAccount: { create: false, name: 'given' } });
    expect(objects.filter(({ kind }) => kind === 'ServiceAccount')).toEqual([]);
    expect(only<Binding>(objects, 'ClusterRoleBinding', 'blockstill').subjects).toEqual([
      { ...account, name: 'given' },
    ]);
    const deployment = only(objects, 'Deployment');
    expect(deployment).toMatchObject({ spec: { template: { spec: { serviceAccountName: 'given' } } } });
  });

  test('go to a service account with annotations and another name', async () => {
    const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/x' };
    const objects = await render({ serviceAccount: { name: 'mine', annotations } });
    expect(only(objects, 'ServiceAccount').metadata).toMatchObject({ name: 'mine', annotations });
    expect(only<Binding>(objects, 'ClusterRoleBinding', 'blockstill').subjects).toEqual([
      { ...account, name: 'mine' },
    ]);
  });
});

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))("the chart's roles for users", () => {
  const reads = ['get', 'list', 'watch'];
  const writes = ['create', 'delete', 'deletecollection', 'patch', 'update'];

  test('are added to those that Kubernetes has: who views reads, who edits or administers writes jobs, never status', async () => {
    const objects = await render();
    for (const [role, verbs] of [
      ['view', reads],
      ['edit', [...reads, ...writes]],
      ['admin', [...reads, ...writes]],
    ] as const) {
      const { metadata, rules } = only<Role>(objects, 'ClusterRole', `blockstill-${role}`);
      const aggregated = Object.entries(metadata.labels ?? {}).filter(([name]) =>
        name.includes('/aggregate-to-'),
      );
      expect(aggregated).toEqual([[`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']]);
      const granted = (resource: string) =>
        rules.filter(({ resources }) => resources?.includes(resource)).flatMap(({ verbs: own = [] }) => own);
      expect(new Set(granted('distillationjobs')), role).toEqual(new Set(verbs));
      expect(
        granted('distillationjobs/status').every((verb) => reads.includes(verb)),
        role,
      ).toBe(true);
      expect(
        rules.flatMap(({ apiGroups = [] }) => apiGroups).every((group) => group === 'blockstill.dev'),
      ).toBe(true);
    }
  });

  test('are not there where that is asked for', async () => {
    const objects = await render({ rbac: { aggregate: false } });
    expect(objects.filter(({ metadata }) => /-(view|edit|admin)$/.test(metadata.name))).toEqual([]);
  });
});
