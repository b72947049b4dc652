import { readdir, readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { expect, test } from 'vitest';
import { compileJob } from '../crds/compile-job.ts';
import { parseDistillationJob } from '../crds/parse-distillation-job.ts';

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

interface Kustomization extends Named {
  readonly spec: {
    readonly path: string;
    readonly targetNamespace?: string;
    readonly sourceRef: { readonly kind: string; readonly name: string };
    readonly dependsOn?: readonly { readonly name: string }[];
  };
}

function place(path: string): string {
  return fileURLToPath(new URL(`gitops/${path}`, import.meta.url));
}

async function objectsIn(path: string): Promise<readonly Named[]> {
  const text = await readFile(place(path), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as Named);
}

async function kustomization(name: string): Promise<Kustomization> {
  const [object] = await objectsIn(`flux/${name}.yaml`);
  return object as Kustomization;
}

test.each(['operator', 'jobs', 'jobs-accepted'])(
  'the Kustomization %s takes a folder that is there from a source that is there',
  async (name) => {
    const { spec } = await kustomization(name);
    expect((await stat(place(spec.path))).isDirectory()).toBe(true);
    const [{ kind, metadata }] = (await objectsIn('flux/repository.yaml')) as [Named];
    expect(spec.sourceRef).toEqual({ kind, name: metadata.name });
  },
);

test('Flux installs the operator before it applies jobs, by either file for jobs', async () => {
  const operator = await kustomization('operator');
  const [waits, accepted] = [await kustomization('jobs'), await kustomization('jobs-accepted')];
  for (const { metadata, spec } of [waits, accepted]) {
    expect(spec.dependsOn).toEqual([{ name: operator.metadata.name }]);
    expect(metadata.name).toBe(waits.metadata.name);
  }
});

test('Argo CD syncs the operator before it syncs jobs', async () => {
  const wave = async (file: string): Promise<number> => {
    const [object] = await objectsIn(`argo-cd/${file}.yaml`);
    return Number(object?.metadata.annotations?.['argocd.argoproj.io/sync-wave']);
  };
  expect(await wave('operator')).toBeLessThan(await wave('jobs'));
});

test('the jobs are manifests of a cluster, and leave suspend to people', async () => {
  const files = await readdir(place('jobs'));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const path = place(`jobs/${file}`);
    const text = await readFile(path, 'utf8');
    const job = compileJob(parseDistillationJob(text, path));
    expect(job.spec.output.uri).toMatch(/^(?:file:\/\/\/|s3:\/\/)/);
    expect(text).not.toContain('suspend:');
  }
});

test('the namespace of the jobs, with all claims in it, stays when the operator goes from Git', async () => {
  const { targetNamespace } = (await kustomization('jobs')).spec;
  const objects = await objectsIn('operator/release.yaml');
  const found = objects.find(
    ({ kind, metadata }) => kind === 'Namespace' && metadata.name === targetNamespace,
  );
  expect(found?.metadata.annotations).toEqual({ 'kustomize.toolkit.fluxcd.io/prune': 'disabled' });
});
