import { describe, expect, test } from 'vitest';
import { ownFolders } from '../../operator/cluster/render-pod.ts';
import { parseOptions } from '../../operator/program/options.ts';
import { template } from '../../scripts/helm/run-helm.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';

const good: readonly string[] = [
  's3://exchange',
  's3://exchange/',
  's3://my.Bucket_1/jobs/of lab/...hidden/..x/.y',
  `s3://${'b'.repeat(63)}/jobs/`,
  'file:///exchange',
  'file:///exchange/jobs/',
  'file:///exchange//jobs',
  'file:///my%20jobs/.hidden',
  'file:///tmp/exchange',
  'file:///tmporary',
  'file:///größe',
];

const bad: readonly string[] = [
  'exchange',
  'https://example.com',
  's3://',
  's3://b',
  's3://ab',
  's3://A/x',
  `s3://${'b'.repeat(64)}`,
  's3://-exchange',
  's3://exchange-/x',
  's3://jobs/a//b',
  's3://jobs//a',
  's3://jobs/../x',
  's3://jobs/./x',
  's3://jobs/x/..',
  'file://host/exchange',
  'file:///',
  'file:////',
  'file:///.',
  'file:///x/..',
  'file:///a:b',
  'file:///a%3Ab',
  'file:///a%2Fb',
  'file:///a%00b',
  'file:///%E0',
  'file:///C|/x',
  'file:///x/../tmp',
  'file:///%74mp',
  'file:///?exchange',
  'file:///#exchange',
  'file:///\\tmp',
  'file:////tmp',
  ...ownFolders.flatMap((folder) => [`file://${folder}`, `file://${folder}/`]),
  `s3://exchange/${'x'.repeat(1024)}`,
];

function operatorTakes(uri: string): boolean {
  try {
    parseOptions([`--worker-storage-uri=${uri}`], {});
    return true;
  } catch {
    return false;
  }
}

async function chartTakes(uri: string): Promise<boolean> {
  const { code, stderr } = await template({ worker: { storage: { uri } } });
  if (code !== 0 && !stderr.includes('/worker/storage/uri')) throw new Error(stderr);
  return code === 0;
}

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))(
  'a storage of jobs for which the operator would not start',
  () => {
    test.each(bad)('is refused by the chart already: %s', async (uri) => {
      expect(operatorTakes(uri)).toBe(false);
      expect(await chartTakes(uri)).toBe(false);
    });
  },
);

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))('a storage of jobs that the operator takes', () => {
  test.each(good)('is taken by the chart: %s', async (uri) => {
    expect(operatorTakes(uri)).toBe(true);
    expect(await chartTakes(uri)).toBe(true);
  });
});
