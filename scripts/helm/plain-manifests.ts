import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { parseAllDocuments, type Document } from 'yaml';
import type { KubernetesObject } from './run-helm.ts';

/** What the chart is rendered with for those who have no Helm. */
export const manifestRelease = { name: 'blockstill', namespace: 'blockstill-system' } as const;

/**
 * The image of workers is a variable, not an argument: kustomize can then change it as it changes others
 * (helm/examples/kustomize/).
 */
export function manifestValues(version: string): object {
  return {
    fullnameOverride: 'blockstill-operator',
    crds: { enabled: false },
    worker: { image: { repository: '' } },
    extraEnv: [{ name: 'BLOCKSTILL_WORKER_IMAGE', value: `localhost/blockstill-worker:${version}` }],
  };
}

export interface PlainManifest {
  /** The file's name below helm/manifests/. */
  readonly name: string;
  readonly content: string;
}

const header =
  '# Rendered from helm/blockstill. Do not edit: node scripts/generate-manifests.ts writes it again.';

/** Which file an object is in; the operator's permissions stand alone, as a test compares them with what it asks for. */
function fileOf(kind: string, name: string): string {
  if (kind === 'ClusterRole' && /-(?:view|edit|admin)$/.test(name)) return 'user-roles.yaml';
  if (/^(?:ServiceAccount|(?:Cluster)?Role(?:Binding)?)$/.test(kind)) return 'rbac.yaml';
  if (kind === 'Deployment') return 'operator.yaml';
  if (kind === 'Service') return 'service.yaml';
  if (kind === 'PodDisruptionBudget') return 'disruption-budget.yaml';
  throw new Error(
    `helm/manifests has no file for the ${kind} ${name}: say which in scripts/helm/plain-manifests.ts.`,
  );
}

/** The files of `helm/manifests/` that follow from the chart, from what `helm template` prints. */
export async function plainManifests(rendered: string): Promise<readonly PlainManifest[]> {
  const files = new Map<string, string[]>();
  for (const document of parseAllDocuments(rendered, { version: '1.1' })) {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    if (document.contents === null) continue;
    withoutHelm(document);
    const { kind, metadata } = document.toJS() as KubernetesObject;
    const name = fileOf(kind, metadata.name);
    files.set(name, [...(files.get(name) ?? []), document.toString({ lineWidth: 0, directives: false })]);
  }
  const style = await resolveConfig(fileURLToPath(import.meta.url));
  return await Promise.all(
    [...files].map(async ([name, texts]) => ({
      name,
      content: await format(`${header}\n${texts.join('---\n')}`, { ...style, parser: 'yaml' }),
    })),
  );
}

/** Takes away what is only true of a release of Helm, and what an overlay with another namespace could not change. */
function withoutHelm(document: Document): void {
  document.commentBefore = null;
  if (document.contents !== null) document.contents.commentBefore = null;
  for (const metadata of [['metadata'], ['spec', 'template', 'metadata']]) {
    for (const label of ['helm.sh/chart', 'app.kubernetes.io/managed-by']) {
      remove(document, [...metadata, 'labels', label]);
    }
  }
  const args = ['spec', 'template', 'spec', 'containers', 0, 'args'];
  const given = document.hasIn(args)
    ? (document.toJS() as Deployment).spec.template.spec.containers[0]?.args
    : [];
  // Without it, the Lease is in the operator's own namespace as well.
  const place = given?.findIndex((argument) => argument.startsWith('--leader-election-namespace='));
  if (place !== undefined && place >= 0) remove(document, [...args, place]);
}

function remove(document: Document, path: readonly (string | number)[]): void {
  if (document.hasIn(path)) document.deleteIn(path);
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
    };
  };
}
