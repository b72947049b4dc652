import { describe, expect, test } from 'vitest';
import { flags } from '../../operator/program/flags.ts';
import { parseOptions, type OperatorOptions } from '../../operator/program/options.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { cannotRun } from '../cluster/cannot-run.ts';
import { deploymentOf } from './deployment-of.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';
import { render, type Release } from '../../scripts/helm/run-helm.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

/** A value for everything that becomes an option, none of them the default. */
const everyOption = {
  watchNamespaces: ['red', 'blue'],
  worker: {
    image: { repository: 'registry.example:5000/worker', digest },
    imagePullPolicy: 'Always',
    imagePullSecrets: ['first', 'second'],
    runtimeClassName: 'nvidia',
    gpuResourceName: 'nvidia.com/mig-1g.10gb',
    nodeSelector: { 'example.com/pool': 'gpu', zone: '' },
    tolerations: [
      { key: 'spot', operator: 'Exists', effect: 'NoExecute' },
      { key: 'example.com/dedicated', value: 'gpu' },
      { key: 'empty', operator: 'Equal', effect: '' },
    ],
    storage: {
      uri: 's3://exchange/jobs',
      s3: {
        endpoint: 'https://minio:9000',
        region: 'lab',
        forcePathStyle: true,
        credentialsSecretName: 'minio',
      },
    },
  },
  allowHostVolumes: true,
  leaderElection: { namespace: 'leases', leaseName: 'mine' },
  api: { qps: 12.5, burst: 1_000 },
  workers: 3,
  progress: false,
  dcgmExporterUrl: 'http://{node-ip}:9400/metrics',
  port: 9090,
  log: { level: 'debug', format: 'text' },
};

const onClaim = { uri: 'file:///exchange', claimName: 'exchange' };

async function argumentsOf(values: object, release?: Release): Promise<readonly string[]> {
  return deploymentOf(await render(values, release)).container.args;
}

/** What the operator understands of the command line that the chart gives it. */
async function optionsOf(values: object, release?: Release): Promise<OperatorOptions> {
  const options = parseOptions(await argumentsOf(values, release), {});
  if (options === 'help') throw new Error('The chart asks for help.');
  return options;
}

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))(
  'the options that the chart gives the operator',
  () => {
    test("are the operator's own defaults when nothing is said, but for image and Lease", async () => {
      const defaults = parseOptions([], {}) as OperatorOptions;
      expect(await optionsOf({}, { name: 'lab', namespace: 'lab-system' })).toEqual({
        ...defaults,
        worker: { ...defaults.worker, image: `localhost/blockstill-worker:${packageFile.version}` },
        leaderElection: { namespace: 'lab-system', leaseName: 'lab-blockstill' },
      });
    });

    test('say all that values can', async () => {
      expect(await optionsOf(everyOption)).toEqual({
        kubeconfig: undefined,
        context: undefined,
        namespaces: ['red', 'blue'],
        worker: {
          image: `registry.example:5000/worker@${digest}`,
          imagePullPolicy: 'Always',
          imagePullSecrets: ['first', 'second'],
          runtimeClassName: 'nvidia',
          specDefaults: {
            gpuResourceName: 'nvidia.com/mig-1g.10gb',
            nodeSelector: { 'example.com/pool': 'gpu', zone: '' },
            tolerations: [
              { key: 'spot', operator: 'Exists', effect: 'NoExecute' },
              { key: 'example.com/dedicated', operator: 'Equal', value: 'gpu' },
              { key: 'empty', operator: 'Equal', value: '' },
            ],
            storage: {
              uri: 's3://exchange/jobs',
              claimName: undefined,
              s3: {
                endpoint: 'https://minio:9000',
                region: 'lab',
                forcePathStyle: true,
                credentialsSecretName: 'minio',
              },
            },
          },
        },
        allowHostVolumes: true,
        leaderElection: { namespace: 'leases', leaseName: 'mine' },
        rate: { perSecond: 12.5, burst: 1_000 },
        workers: 3,
        progress: false,
        dcgmExporterUrl: 'http://{node-ip}:9400/metrics',
        listen: { host: '0.0.0.0', port: 9090 },
        log: { level: 'debug', format: 'text' },
      } satisfies OperatorOptions);
    });

    test('can be any that the operator has, but for those of a kubeconfig', async () => {
      const given = [
        ...(await argumentsOf(everyOption)),
        ...(await argumentsOf({ leaderElection: { enabled: false }, replicas: 1 })),
        ...(await argumentsOf({ worker: { storage: onClaim } })),
      ].map((argument) => argument.replace(/^--/, '').replace(/=.*$/s, ''));
      const missing = flags.map(({ name }) => name).filter((name) => !given.includes(name));
      expect(missing).toEqual(['kubeconfig', 'context']);
    });

    test('let it lead at once where no Lease is wanted', async () => {
      const { leaderElection } = await optionsOf({ leaderElection: { enabled: false }, replicas: 1 });
      expect(leaderElection).toBeUndefined();
    });

    test('name no image of workers where there is none', async () => {
      expect((await optionsOf({ worker: { image: { repository: '' } } })).worker.image).toBeUndefined();
    });

    test('name a claim for the storage of jobs', async () => {
      const { storage } = (await optionsOf({ worker: { storage: onClaim } })).worker.specDefaults;
      expect(storage).toMatchObject(onClaim);
    });

    test('stay numbers as large as they may be', async () => {
      const { rate } = await optionsOf({ api: { qps: 10_000, burst: 10_000 } });
      expect(rate).toEqual({ perSecond: 10_000, burst: 10_000 });
    });

    test('have those at their end that the chart does not know', async () => {
      expect((await argumentsOf({ extraArgs: ['--context=other'] })).at(-1)).toBe('--context=other');
    });
  },
);
