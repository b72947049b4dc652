import { readFile } from 'node:fs/promises';
import { parse, parseAllDocuments } from 'yaml';
import { describe, expect, test } from 'vitest';
import { alertsFile } from '../monitoring/alerts.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { deploymentOf } from './deployment-of.ts';
import { helmSuite, whyNoHelm } from './requirements.ts';
import { only, render, type KubernetesObject } from '../../scripts/helm/run-helm.ts';

interface Monitor extends KubernetesObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

const file = async (path: string) => await readFile(new URL(`../../helm/${path}`, import.meta.url), 'utf8');
const plain = parseAllDocuments(await file('monitoring/pod-monitors.yaml')).map(
  (document) => document.toJS() as Monitor,
);
const isMonitoring = ({ apiVersion, kind }: KubernetesObject) =>
  apiVersion === 'monitoring.coreos.com/v1' || kind === 'ConfigMap';

describe.skipIf(cannotRun(helmSuite, await whyNoHelm()))('the monitoring of the chart', () => {
  test('is not there when nothing is said, since clusters may lack the Prometheus Operator', async () => {
    expect((await render()).filter(isMonitoring)).toEqual([]);
  });

  test('selects the pods and the port of the operator, of this release alone', async () => {
    const objects = await render({
      metrics: { podMonitor: { enabled: true }, monitorLabels: { release: 'prom' } },
    });
    const { deployment, container } = deploymentOf(objects);
    const { metadata, spec } = only<Monitor>(objects, 'PodMonitor');
    expect(metadata.labels).toMatchObject({ release: 'prom' });
    expect(spec).toEqual({
      selector: { matchLabels: deployment.spec.selector.matchLabels },
      podMetricsEndpoints: [{ port: container.ports[0]?.name, path: '/metrics' }],
    });
  });

  test('selects the Service and its port', async () => {
    const objects = await render({
      metrics: { serviceMonitor: { enabled: true }, monitorLabels: { release: 'prom' } },
    });
    const service = only<Monitor>(objects, 'Service');
    const { metadata, spec } = only<Monitor>(objects, 'ServiceMonitor');
    expect(metadata.labels).toMatchObject({ release: 'prom' });
    expect(spec['endpoints']).toEqual([{ port: 'http', path: '/metrics' }]);
    expect(service.spec['ports']).toMatchObject([{ name: 'http' }]);
    const { matchLabels } = spec['selector'] as { matchLabels: object };
    expect(service.metadata.labels).toMatchObject(matchLabels);
  });

  test('looks at workers as the plain monitor does, in all namespaces or in those that are watched', async () => {
    const monitorOf = async (values: object) => {
      const objects = await render({ metrics: { workerMonitor: { enabled: true } }, ...values });
      return only<Monitor>(objects, 'PodMonitor').spec;
    };
    const workers = only<Monitor>(plain, 'PodMonitor', 'blockstill-workers').spec;
    expect(await monitorOf({})).toEqual(workers);
    expect(await monitorOf({ watchNamespaces: ['red', 'blue'] })).toEqual({
      ...workers,
      namespaceSelector: { matchNames: ['red', 'blue'] },
    });
    const often = await monitorOf({ metrics: { workerMonitor: { enabled: true, interval: '5s' } } });
    expect(often['podMetricsEndpoints']).toMatchObject([{ interval: '5s' }]);
  });

  test('has all alerts as they are without Helm', async () => {
    const objects = await render({ metrics: { rule: { enabled: true, labels: { release: 'prom' } } } });
    const { metadata, spec } = only<Monitor>(objects, 'PrometheusRule');
    expect(metadata.labels).toMatchObject({ release: 'prom' });
    expect(spec).toEqual(parse(await readFile(alertsFile, 'utf8')));
  });

  test('has the dashboard as it is without Helm', async () => {
    const labels = { grafana_dashboard: '1' };
    const annotations = { grafana_folder: 'Machine learning' };
    const objects = await render({ metrics: { dashboard: { enabled: true, annotations } } });
    const map = only(objects, 'ConfigMap') as KubernetesObject & { data: Record<string, string> };
    expect(map.metadata).toMatchObject({ labels, annotations });
    expect(Object.keys(map.data)).toEqual(['blockstill.json']);
    expect(JSON.parse(map.data['blockstill.json'] ?? '')).toEqual(
      JSON.parse(await file('dashboards/blockstill.json')),
    );
  });
});
