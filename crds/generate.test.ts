import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { structuralSchema } from './json-schema.ts';
import { generatedFiles, staleFiles } from './generate.ts';

function crdText(): string {
  return generatedFiles().find(({ path }) => path.endsWith('.yaml'))?.content ?? '';
}

test('the generated files in the repository are those that the schema gives', async () => {
  expect(await staleFiles()).toEqual([]);
});

test('generating twice gives the same bytes', () => {
  expect(generatedFiles()).toEqual(generatedFiles());
});

test('the custom resource definition stays below 160 kB, far from the 262,144 bytes of kubectl apply', () => {
  expect(Buffer.byteLength(crdText())).toBeLessThan(160_000);
});

test('the YAML says what the schema says', () => {
  const crd = parse(crdText()) as { spec: { versions: { schema: { openAPIV3Schema: unknown } }[] } };
  expect(crd.spec.versions[0]?.schema.openAPIV3Schema).toEqual(
    JSON.parse(JSON.stringify(structuralSchema())),
  );
});

test('a YAML 1.1 reader, as Kubernetes has, reads the same', () => {
  expect(parse(crdText(), { version: '1.1' })).toEqual(parse(crdText()));
});

test('the resource is namespaced with a status of its own, a short name and the columns that users look for', () => {
  const crd = parse(crdText()) as {
    metadata: { name: string };
    spec: {
      scope: string;
      names: { shortNames: string[] };
      versions: { subresources: unknown; additionalPrinterColumns: { name: string; priority?: number }[] }[];
    };
  };
  const [version] = crd.spec.versions;
  expect(crd.metadata.name).toBe('distillationjobs.blockstill.dev');
  expect(crd.spec.scope).toBe('Namespaced');
  expect(crd.spec.names.shortNames).toEqual(['distill']);
  expect(version?.subresources).toEqual({ status: {} });
  const columns = version?.additionalPrinterColumns ?? [];
  expect(columns.filter(({ priority }) => priority === undefined).map(({ name }) => name)).toEqual([
    'Phase',
    'Blocks',
    'Speedup',
    'Energy',
    'Accuracy',
    'Age',
  ]);
});

test('the reference has a section for every group and no dangling link', () => {
  const text = generatedFiles().find(({ path }) => path.endsWith('.md'))?.content ?? '';
  const anchors = new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      (title ?? '').toLowerCase().replaceAll(/[^a-z0-9]/g, ''),
    ),
  );
  const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor ?? '');
  expect(links.length).toBeGreaterThan(40);
  expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
});
