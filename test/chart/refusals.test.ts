import { describe, expect, test } from 'vitest';
import { cannotRun } from '../cluster/cannot-run.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';
import { template } from '../../scripts/helm/run-helm.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** Values with a mistake, and where it has to be told. */
const mistakes: readonly (readonly [string, object, RegExp])[] = [
  ['a value that does not exist', { replica: 3 }, /additional properties 'replica' not allowed/],
  ['a misspelt one further in', { worker: { image: { name: 'x' } } }, /\/worker\/image.*'name' not allowed/s],
  ['a number as text', { replicas: '2' }, /\/replicas.*got string, want integer/s],
  [
    'an unknown level of logs',
    { log: { level: 'trace' } },
    /\/log\/level.*'error', 'warn', 'info', 'debug'/s,
  ],
  ['an unknown pull policy', { image: { pullPolicy: 'Sometimes' } }, /\/image\/pullPolicy/],
  ['no image of the operator', { image: { repository: '' } }, /\/image\/repository/],
  ['a digest that is none', { image: { digest: 'sha256:1234' } }, /\/image\/digest.*sha256/s],
  [
    'a tag that a digest beats',
    { image: { tag: '1.2.3', digest } },
    /image\.tag is 1\.2\.3, but image\.digest names another image .* set image\.digest to "", or leave the tag out/,
  ],
  [
    'a tag of workers that a digest beats',
    { worker: { image: { tag: '1.2.3', digest } } },
    /worker\.image\.tag is 1\.2\.3, but .* set worker\.image\.digest to ""/,
  ],
  [
    "a tag of the test's workers that a digest beats",
    { test: { image: { repository: 'mine', tag: '1.2.3', digest } } },
    /test\.image\.tag is 1\.2\.3, but .* set test\.image\.digest to ""/,
  ],
  [
    'a tag for the test without an image',
    { test: { image: { tag: '1.2.3' } } },
    /test\.image\.repository is empty, .* worker\.image/,
  ],
  ['a digest in the name', { image: { repository: 'operator@sha256:1234' } }, /\/image\/repository/],
  ['a GPU that no device plugin has', { worker: { gpuResourceName: 'gpu' } }, /\/worker\/gpuResourceName/],
  [
    'a label of nodes that is no text',
    { worker: { nodeSelector: { gpu: true } } },
    /\/worker\/nodeSelector\/gpu.*want string/s,
  ],
  ['a label of nodes that can be none', { worker: { nodeSelector: { 'a b': '' } } }, /'a b'/],
  ['a toleration of everything', { worker: { tolerations: [{ operator: 'Exists' }] } }, /'key'/],
  [
    'a toleration with an end',
    { worker: { tolerations: [{ key: 'spot', operator: 'Exists', tolerationSeconds: 60 }] } },
    /'tolerationSeconds' not allowed/,
  ],
  [
    'a toleration of an unknown effect',
    { worker: { tolerations: [{ key: 'spot', operator: 'Exists', effect: 'Never' }] } },
    /\/worker\/tolerations\/0\/effect.*'NoSchedule', 'PreferNoSchedule', 'NoExecute'/s,
  ],
  [
    'a toleration of any value that has one',
    { worker: { tolerations: [{ key: 'spot', operator: 'Exists', value: 'x' }] } },
    /\/worker\/tolerations\/0\/value/,
  ],
  [
    'a storage that nobody can write to',
    { worker: { storage: { uri: 'https://example.com' } } },
    /\/storage\/uri/,
  ],
  [
    'a claim without a place',
    { worker: { storage: { claimName: 'exchange' } } },
    /worker\.storage\.claimName needs worker\.storage\.uri .* begin that with file:\/\/\//,
  ],
  [
    'an S3 service without a bucket',
    { worker: { storage: { uri: 'file:///exchange', s3: { region: 'lab' } } } },
    /worker\.storage\.s3 is for a worker\.storage\.uri that begins with s3:\/\/: name the bucket there/,
  ],
  ['a namespace that can be none', { watchNamespaces: ['Lab'] }, /\/watchNamespaces\/0.*'Lab'/s],
  ['too many workers', { workers: 257 }, /\/workers.*256/s],
  ['no requests at all', { api: { qps: 0 } }, /\/api\/qps/],
  ['an exporter without a node', { dcgmExporterUrl: 'http://dcgm:9400/metrics' }, /\/dcgmExporterUrl/],
  ['an annotation that is no text', { podAnnotations: { a: 1 } }, /\/podAnnotations\/a.*want string/s],
  ['a name that is too long', { fullnameOverride: 'x'.repeat(51) }, /\/fullnameOverride.*50/s],
  [
    'an interval without a unit',
    { metrics: { workerMonitor: { interval: '15' } } },
    /\/workerMonitor\/interval/,
  ],
  ['an argument that is no option', { extraArgs: ['debug'] }, /\/extraArgs\/0/],
  ['a port that needs privileges', { port: 80 }, /\/port.*1,?024/s],
  [
    'two operators without a Lease',
    { leaderElection: { enabled: false } },
    /replicas is more than 1, but leaderElection\.enabled is false: .* Set replicas to 1/,
  ],
  [
    'two monitors for the same pods',
    { metrics: { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } } },
    /scraped twice\. Keep one of them/,
  ],
  [
    'a monitor of a Service that is not there',
    { metrics: { serviceMonitor: { enabled: true } }, service: { enabled: false } },
    /set service\.enabled to true/,
  ],
  [
    'a test where the operator does not look',
    { watchNamespaces: ['lab', 'other'], test: { namespace: 'blockstill-system' } },
    /test\.namespace is blockstill-system, but the operator watches lab, other only .* Choose one of these/,
  ],
  ['a test that ends before it can begin', { test: { timeoutSeconds: 5 } }, /\/test\/timeoutSeconds/],
  ['a test with a GPU', { test: { resources: { gpu: 1 } } }, /\/test\/resources.*'gpu' not allowed/s],
  [
    'no service account',
    { serviceAccount: { create: false } },
    /name the service account that the operator runs as/,
  ],
];

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))('the chart refuses', () => {
  test.each(mistakes)('%s, and says where', async (_name, values, message) => {
    const { code, stdout, stderr } = await template(values);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });
});
