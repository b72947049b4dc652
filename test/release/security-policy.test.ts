import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { expect, test } from 'vitest';

const root = dirname(dirname(import.meta.dirname));
const read = async (path: string): Promise<string> => await readFile(join(root, path), 'utf8');
const policy = (await read('SECURITY.md')).replaceAll(/\s+/g, ' ');

test('every test that SECURITY.md names is there', async () => {
  const named = [...policy.matchAll(/`([\w/.-]+\.test\.ts)`(?:, "([^"]+)")?/g)];
  expect(named.length).toBeGreaterThan(25);
  for (const [, path = '', title = ''] of named) expect(await read(path), path).toContain(title);
});

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

test('its table of permissions is that of the roles', async () => {
  const rows = [...policy.matchAll(/\| (core|`[a-z0-9.]+`) +\| `([a-z/]+)` +\| ([a-z, ]+?) +\|/g)];
  const told = rows.flatMap(([, group = '', resource = '', verbs = '']) =>
    verbs.split(', ').map((verb) => `${verb} ${group.replaceAll('`', '')}/${resource}`),
  );
  const documents = parseAllDocuments(await read('helm/manifests/rbac.yaml'));
  const rules = documents.flatMap((document) => (document.toJS() as { rules?: Rule[] }).rules ?? []);
  const granted = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group || 'core'}/${resource}`)),
    ),
  );
  expect(told.toSorted()).toEqual(granted.toSorted());
});
