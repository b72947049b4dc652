import { readdir, readFile } from 'node:fs/promises';
import { expect, describe, test } from 'vitest';
import { parse } from 'yaml';
import packageFile from '../../package.json' with { type: 'json' };
import { manifestRelease, manifestValues, plainManifests } from '../../scripts/helm/plain-manifests.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';
import { template } from '../../scripts/helm/run-helm.ts';

const folder = new URL('../../helm/manifests/', import.meta.url);
const byHand = ['kustomization.yaml', 'namespace.yaml'];

const read = async (name: string): Promise<string> => await readFile(new URL(name, folder), 'utf8');

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))('the manifests for those without Helm', () => {
  test('are what the chart is with its defaults; node scripts/generate-manifests.ts writes them', async () => {
    const { stdout } = await template(manifestValues(packageFile.version), manifestRelease);
    const rendered = await plainManifests(stdout);
    const names = [...rendered.map(({ name }) => name), ...byHand];
    expect((await readdir(folder)).toSorted()).toEqual(names.toSorted());
    for (const { name, content } of rendered) expect(await read(name), name).toBe(content);
  });

  test('are all applied, with namespace and definition', async () => {
    const { resources } = parse(await read('kustomization.yaml')) as { resources: readonly string[] };
    const files = (await readdir(folder)).filter((name) => name !== 'kustomization.yaml');
    expect(resources.toSorted()).toEqual(['../../crds', ...files].toSorted());
  });

  test('say nothing of Helm', async () => {
    for (const name of await readdir(folder)) {
      const text = (await read(name)).replaceAll(/^#.*$/gm, '');
      expect(text, name).not.toMatch(/helm/i);
    }
  });
});
