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
