import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { labels } from '../../operator/cluster/names.ts';
import { progressPort } from '../../worker/contract/pod.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { deploymentOf } from './deployment-of.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';
import { only, render, type KubernetesObject } from '../../scripts/helm/run-helm.ts';

interface Rule {
  readonly ports?: readonly { readonly port: number; readonly protocol: string }[];
  readonly from?: readonly object[];
  readonly to?: readonly object[];
}

interface NetworkPolicy extends KubernetesObject {
  readonly spec: {
    readonly podSelector: object;
    readonly policyTypes: readonly string[];
    readonly ingress: readonly Rule[];
    readonly egress: readonly Rule[];
  };
}

async function policyOf({
  networkPolicy = {},
  ...values
}: { networkPolicy?: object; [name: string]: unknown } = {}) {
  const objects = await render({ ...values, networkPolicy: { enabled: true, ...networkPolicy } });
  return { ...only<NetworkPolicy>(objects, 'NetworkPolicy').spec, ...deploymentOf(objects) };
}

/** A rule as `tcp/443,6443` with the peers that it has. */
function ports({ ports: all = [] }: Rule): string {
  return all.map(({ port, protocol }) => `${protocol}/${port}`).join(' ');
}

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))('the network policy of the operator', () => {
  test('is not there when nothing is said', async () => {
    expect((await render()).filter(({ kind }) => kind === 'NetworkPolicy')).toEqual([]);
  });

  test('lets in who asks for health and metrics, and out to DNS, the API server and workers', async () => {
    const { podSelector, policyTypes, ingress, egress, deployment } = await policyOf();
    expect(podSelector).toEqual({ matchLabels: deployment.spec.selector.matchLabels });
    expect(policyTypes).toEqual(['Ingress', 'Egress']);
    expect(ingress).toEqual([{ ports: [{ port: 8080, protocol: 'TCP' }] }]);
    expect(egress.map(ports)).toEqual(['UDP/53 TCP/53', 'TCP/443 TCP/6443', `TCP/${progressPort}`]);
    expect(egress.map(({ to }) => to)).toEqual([
      undefined,
      undefined,
      [
        {
          podSelector: { matchExpressions: [{ key: labels.jobName, operator: 'Exists' }] },
          namespaceSelector: {},
        },
      ],
    ]);
  });

  test('lets it reach workers only where it watches, and not at all where it does not ask them', async () => {
    const { egress } = await policyOf({ watchNamespaces: ['red', 'blue'] });
    expect(egress.at(-1)?.to).toMatchObject([
      {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['red', 'blue'] }],
        },
      },
    ]);
    expect((await policyOf({ progress: false })).egress.map(ports)).toEqual([
      'UDP/53 TCP/53',
      'TCP/443 TCP/6443',
    ]);
  });

  test.each([
    ['http://{node-ip}:9400/metrics', 'TCP/9400'],
    ['http://{node-name}.example/metrics', 'TCP/80'],
    ['https://{node-name}.example/a:1/b', 'TCP/443'],
  ])('lets it reach the exporters at %s', async (dcgmExporterUrl, expected) => {
    const { egress } = await policyOf({ dcgmExporterUrl });
    expect(egress.map(ports).at(-1)).toBe(expected);
  });

  test('is as narrow as is asked for', async () => {
    const prometheus = [
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
    ];
    const server = [{ ipBlock: { cidr: '10.0.0.1/32' } }];
    const proxy = { to: [{ ipBlock: { cidr: '10.0.0.9/32' } }], ports: [{ port: 3128, protocol: 'TCP' }] };
    const { ingress, egress } = await policyOf({
      port: 9090,
      networkPolicy: {
        metricsFrom: prometheus,
        apiServerTo: server,
        apiServerPorts: [16_443],
        extraEgress: [proxy],
      },
    });
    expect(ingress).toEqual([{ ports: [{ port: 9090, protocol: 'TCP' }], from: prometheus }]);
    expect(egress[1]).toEqual({ ports: [{ port: 16_443, protocol: 'TCP' }], to: server });
    expect(egress.at(-1)).toEqual(proxy);
  });
});

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))(
  'the example of a network policy for workers',
  () => {
    test('is about the pods of jobs, and lets in the operator of the chart at their port', async () => {
      const path = new URL('../../helm/examples/worker-network-policy.yaml', import.meta.url);
      const { spec } = parse(await readFile(path, 'utf8')) as NetworkPolicy;
      const { deployment, egress } = await policyOf();
      // The operator's policy lets it out to the same pods.
      expect(egress.at(-1)?.to).toMatchObject([{ podSelector: spec.podSelector }]);
      expect(spec.ingress.map(ports)).toEqual([`TCP/${progressPort}`]);
      const { 'app.kubernetes.io/name': name } = deployment.spec.selector.matchLabels;
      expect(spec.ingress[0]?.from).toContainEqual({
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': deployment.metadata.namespace } },
        podSelector: { matchLabels: { 'app.kubernetes.io/name': name } },
      });
    });

    test('lets workers out to DNS, and to no private address', async () => {
      const path = new URL('../../helm/examples/worker-network-policy.yaml', import.meta.url);
      const { spec } = parse(await readFile(path, 'utf8')) as NetworkPolicy;
      expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
      expect(spec.egress.map(ports)).toEqual(['UDP/53 TCP/53', 'TCP/443']);
      const [block, ...others] = spec.egress[1]?.to ?? [];
      expect(others).toEqual([]);
      const except = ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'];
      expect(block).toEqual({ ipBlock: { cidr: '0.0.0.0/0', except } });
    });
  },
);
