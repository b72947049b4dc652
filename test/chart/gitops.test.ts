import { readFile } from 'node:fs/promises';
import { parse, parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import { cannotRun } from '../cluster/cannot-run.ts';
import { gitopsFile } from '../gitops/judge.ts';
import { deploymentOf } from './deployment-of.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';
import { render } from '../../scripts/helm/run-helm.ts';

async function valuesForArgo(): Promise<object> {
  const application = parse(await readFile(gitopsFile('argo-cd/operator.yaml'), 'utf8')) as {
    spec: { source: { helm: { valuesObject: object } } };
  };
  return application.spec.source.helm.valuesObject;
}

async function valuesForFlux(): Promise<object> {
  const documents = parseAllDocuments(await readFile(gitopsFile('operator/release.yaml'), 'utf8'));
  const release = documents
    .map((document) => document.toJS() as { kind: string; spec: { values: object } })
    .find(({ kind }) => kind === 'HelmRelease');
  if (release === undefined) throw new Error('There is no HelmRelease.');
  return release.spec.values;
}

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))('the chart under GitOps', () => {
  test.each([
    ['the Application of Argo CD', valuesForArgo],
    ["Flux's HelmRelease", valuesForFlux],
  ])('takes the values of %s', async (_of, values) => {
    const { container } = deploymentOf(await render(await values()));
    expect(container.image).toMatch(/^registry\.example\/operator[:@]/);
    expect(container.args).toContainEqual(
      expect.stringMatching(/^--worker-image=registry\.example\/worker[:@]/),
    );
  });
});
