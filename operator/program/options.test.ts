import { describe, expect, it } from 'vitest';
import { BlockstillError } from '../../common/error.ts';
import { flags, helpText } from './flags.ts';
import { parseOptions, type OperatorOptions } from './options.ts';

function options(line: string, environment: NodeJS.ProcessEnv = {}): OperatorOptions {
  const parsed = parseOptions(line.split(' ').filter(Boolean), environment);
  if (parsed === 'help') throw new Error('It printed the help.');
  return parsed;
}

function problems(line: string, environment: NodeJS.ProcessEnv = {}): string[] {
  try {
    options(line, environment);
  } catch (error) {
    if (error instanceof BlockstillError && error.code === 'operator/usage') return error.message.split('\n');
    throw error;
  }
  throw new Error('There was no problem.');
}

describe('the options of the operator', () => {
  it('have defaults for a pod in a cluster', () => {
    expect(options('')).toEqual({
      kubeconfig: undefined,
      context: undefined,
      namespaces: [],
      worker: {
        image: undefined,
        imagePullPolicy: undefined,
        imagePullSecrets: [],
        runtimeClassName: undefined,
        specDefaults: { gpuResourceName: undefined, tolerations: [], nodeSelector: {}, storage: undefined },
      },
      allowHostVolumes: false,
      leaderElection: { namespace: undefined, leaseName: 'blockstill-operator' },
      rate: { perSecond: 300, burst: 500 },
      workers: 16,
      progress: true,
      dcgmExporterUrl: undefined,
      listen: { host: '0.0.0.0', port: 8080 },
      log: { level: 'info', format: 'json' },
    });
  });

  it('are what the flags say', () => {
    const given = options(
      '--kubeconfig /k --context c --namespace a,b --namespace=c --worker-image r.io/w@sha256:1 ' +
        '--worker-image-pull-policy Never --worker-image-pull-secret s --worker-runtime-class nvidia ' +
        '--worker-gpu-resource nvidia.com/mig-1g.10gb --worker-toleration dedicated=gpu:NoSchedule,spot ' +
        '--worker-node-selector pool=gpu --worker-storage-uri s3://exchange/jobs ' +
        '--worker-storage-s3-endpoint https://minio:9000 --worker-storage-s3-region lab ' +
        '--worker-storage-s3-force-path-style --worker-storage-s3-credentials-secret minio ' +
        '--allow-host-volumes --leader-election-namespace ops --lease-name mine --qps 12.5 --burst 3 ' +
        '--workers 2 --no-progress --dcgm-exporter-url http://{node-ip}:9400/metrics --listen [::1]:0 --log-level debug --log-format text',
    );
    expect(given).toEqual({
      kubeconfig: '/k',
      context: 'c',
      namespaces: ['a', 'b', 'c'],
      worker: {
        image: 'r.io/w@sha256:1',
        imagePullPolicy: 'Never',
        imagePullSecrets: ['s'],
        runtimeClassName: 'nvidia',
        specDefaults: {
          gpuResourceName: 'nvidia.com/mig-1g.10gb',
          tolerations: [
            { key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' },
            { key: 'spot', operator: 'Exists' },
          ],
          nodeSelector: { pool: 'gpu' },
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
      leaderElection: { namespace: 'ops', leaseName: 'mine' },
      rate: { perSecond: 12.5, burst: 3 },
      workers: 2,
      progress: false,
      dcgmExporterUrl: 'http://{node-ip}:9400/metrics',
      listen: { host: '::1', port: 0 },
      log: { level: 'debug', format: 'text' },
    });
  });

  it('come from the environment where no flag says otherwise', () => {
    const environment = {
      BLOCKSTILL_NAMESPACE: 'a, b',
      BLOCKSTILL_QPS: '5',
      BLOCKSTILL_NO_LEADER_ELECTION: 'true',
      BLOCKSTILL_ALLOW_HOST_VOLUMES: 'true',
      BLOCKSTILL_LISTEN: '',
      BLOCKSTILL_CACHE: 'is none of the options',
    };
    expect(options('--qps 7 --allow-host-volumes=false', environment)).toMatchObject({
      namespaces: ['a', 'b'],
      rate: { perSecond: 7, burst: 500 },
      leaderElection: undefined,
      allowHostVolumes: false,
      listen: { host: '0.0.0.0', port: 8080 },
    });
    expect(options('--namespace c', environment).namespaces).toEqual(['c']);
  });

  it.each([
    ['off', undefined],
    [':9000', { host: '0.0.0.0', port: 9000 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
  ])('listen at %s', (listen, expected) => {
    expect(options(`--listen ${listen}`).listen).toEqual(expected);
  });

  it('are refused with every problem at once, each naming its flag or variable', () => {
    const environment = { BLOCKSTILL_WORKERS: '0', BLOCKSTILL_ALLOW_HOST_VOLUMES: 'maybe' };
    const line =
      'extra --worker-imagee x --qps many --namespace a,B --listen 8080 --log-level --burst 1.5 --lease-name x_y';
    expect(problems(line, environment)).toEqual([
      '"extra" is no option.',
      '--worker-imagee is unknown; did you mean --worker-image?',
      '"x" is no option.',
      '--log-level needs a value: --log-level <level>.',
      '"1.5" is no option.',
      '--namespace: "B" is no name of a namespace: lower-case letters, digits, "-".',
      'BLOCKSTILL_ALLOW_HOST_VOLUMES: "maybe" must be one of true, false.',
      '--lease-name: "x_y" is no name of an object: lower-case letters, digits, "-", ".".',
      '--qps: "many" must be a number above 0, at most 10000.',
      'BLOCKSTILL_WORKERS: "0" must be a whole number above 0, at most 256.',
      '--listen: "8080" must be host:port, such as 127.0.0.1:8080, or off.',
    ]);
  });

  it.each([
    ['--workers 2 --workers 3', '--workers is given 2 times.'],
    [
      '--listen 1.2.3.4:70000',
      '--listen: "1.2.3.4:70000" must be host:port, such as 127.0.0.1:8080, or off.',
    ],
    ['-x', '-x is unknown.'],
    [
      '--worker-image-pull-policy always',
      '--worker-image-pull-policy: "always" must be one of Always, IfNotPresent, Never.',
    ],
    ['--no-progress=yes', '--no-progress: "yes" must be one of true, false.'],
    ['--namespace a,', '--namespace: "" is no name of a namespace: lower-case letters, digits, "-".'],
  ])('%s is refused', (line, problem) => {
    expect(problems(line)).toEqual([problem]);
  });

  it('print the help where that is asked for, whatever else is wrong', () => {
    expect(parseOptions(['--qps', 'x', '--help'], {})).toBe('help');
    expect(parseOptions(['-h'], {})).toBe('help');
  });

  it('are all in the help', () => {
    const help = helpText();
    for (const { name } of flags) expect(help).toContain(`--${name}`);
    expect(help).toContain('BLOCKSTILL_WORKER_IMAGE');
  });
});

it('the URL of exporters has a place for the node', () => {
  const why =
    'must be an http or https URL with {node-ip} or {node-name} in it, such as http://{node-ip}:9400/metrics.';
  for (const url of [
    'http://dcgm:9400/metrics',
    'ftp://{node-ip}/',
    '{node-ip}:9400',
    'http://{node}:9400',
  ]) {
    expect(problems(`--dcgm-exporter-url ${url}`)).toEqual([`--dcgm-exporter-url: "${url}" ${why}`]);
  }
  expect(options('--dcgm-exporter-url https://{node-name}.lab/metrics').dcgmExporterUrl).toBe(
    'https://{node-name}.lab/metrics',
  );
});

describe('what workers get', () => {
  it('may be a claim for their storage', () => {
    const { storage } = options('--worker-storage-uri file:///exchange --worker-storage-claim exchange')
      .worker.specDefaults;
    expect(storage).toMatchObject({ uri: 'file:///exchange', claimName: 'exchange' });
  });

  it('may select by several labels, each once', () => {
    const line = '--worker-node-selector pool=gpu,zone=a --worker-node-selector pool=gpu';
    expect(options(line).worker.specDefaults.nodeSelector).toEqual({ pool: 'gpu', zone: 'a' });
    expect(problems('--worker-node-selector pool=gpu,zone=a,pool=cpu')).toEqual([
      '--worker-node-selector: "pool=cpu" asks for another value of pool than "gpu", and a node has only one.',
    ]);
  });

  it('is refused with every mistake at once', () => {
    const environment = { BLOCKSTILL_WORKER_TOLERATION: 'spot, :NoSchedule' };
    const line =
      '--worker-gpu-resource gpu --worker-node-selector pool --worker-storage-uri file:///exchange ' +
      '--worker-storage-claim Data --worker-storage-s3-endpoint minio:9000 --worker-storage-s3-region lab';
    expect(problems(line, environment)).toEqual([
      '--worker-gpu-resource: "gpu" is no name of an extended resource, such as nvidia.com/gpu or nvidia.com/mig-1g.10gb.',
      'BLOCKSTILL_WORKER_TOLERATION: ":NoSchedule" names no key.',
      '--worker-node-selector: "pool" has no value: write pool=value.',
      '--worker-storage-claim: "Data" is no name of an object: lower-case letters, digits, "-", ".".',
      '--worker-storage-s3-endpoint: "minio:9000" is no address of an S3 server, such as https://minio.storage.svc:9000.',
      '--worker-storage-s3-endpoint needs a --worker-storage-uri that begins with s3://, but that is file:///exchange.',
      '--worker-storage-s3-region needs a --worker-storage-uri that begins with s3://, but that is file:///exchange.',
    ]);
  });

  it.each([
    ['https://example.com/exchange', 'must begin with s3:// or file:///'],
    ['file://host/exchange', 'must begin with s3:// or file:///'],
    ['s3:///exchange', 'names nothing on S3: there is no bucket in it'],
    ['s3://bucket/../other', 'names nothing on S3: a part of its path is empty, "." or ".."'],
    ['file:///', 'names no folder that could be mounted'],
    ['file:///a%2Fb', 'names no folder that could be mounted'],
    ['file:///a:b', 'names no folder that could be mounted'],
    ['file:///dev/../tmp/', "is the worker's own folder: choose another one"],
  ])('is no storage at %s', (uri, why) => {
    expect(problems(`--worker-storage-uri ${uri}`)).toEqual([`--worker-storage-uri: "${uri}" ${why}.`]);
  });

  it.each([
    ['--worker-storage-claim exchange', '--worker-storage-claim', 'file:///', 'is not given'],
    [
      '--worker-storage-uri s3://exchange --worker-storage-claim exchange',
      '--worker-storage-claim',
      'file:///',
      'is s3://exchange',
    ],
    ['--worker-storage-s3-force-path-style', '--worker-storage-s3-force-path-style', 's3://', 'is not given'],
    [
      '--worker-storage-s3-credentials-secret minio',
      '--worker-storage-s3-credentials-secret',
      's3://',
      'is not given',
    ],
  ])('%s is of no use', (line, name, scheme, found) => {
    expect(problems(line)).toEqual([
      `${name} needs a --worker-storage-uri that begins with ${scheme}, but that ${found}.`,
    ]);
  });

  it('is told of once where the storage is none at all', () => {
    const line = '--worker-storage-uri exchange --worker-storage-claim exchange';
    expect(problems(line)).toEqual(['--worker-storage-uri: "exchange" must begin with s3:// or file:///.']);
  });

  it('has no path style where a switch says so', () => {
    const environment = { BLOCKSTILL_WORKER_STORAGE_S3_FORCE_PATH_STYLE: 'false' };
    expect(options('', environment).worker.specDefaults.storage).toBeUndefined();
  });
});
