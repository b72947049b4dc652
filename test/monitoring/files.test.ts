import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { describe, expect, it } from 'vitest';
import { accepted } from '../../operator/cluster/testing/distillation-jobs.ts';
import { labels } from '../../operator/cluster/names.ts';
import { renderPod } from '../../operator/cluster/render-pod.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { createMetrics } from '../../operator/program/metrics/prometheus-metrics.ts';
import { createWorkerMetrics } from '../../worker/host/worker-metrics.ts';
import { alertsFile, readAlerts } from './alerts.ts';
import { queriesOf, readDashboard, type Panel } from './dashboard.ts';

const root = new URL('../../', import.meta.url);
const read = async (path: string): Promise<string> => await readFile(new URL(path, root), 'utf8');

/** Names of all series that operator and worker can have; of a histogram those of its parts. */
async function seriesNames(): Promise<ReadonlySet<string>> {
  const nothing = { progress: undefined, toldAt: 0, energy: undefined, residentBytes: 0 };
  const texts = [
    await createMetrics(systemClock).expose(),
    await createWorkerMetrics(() => nothing).expose(),
  ].map(({ text }) => text);
  const types = texts.flatMap((text) => [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]);
  return new Set(
    types.flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
    ),
  );
}

/** Words in an expression that can be names of metrics: with no quotes around, and not before an operator in braces. */
function namesIn(expression: string): string[] {
  const outsideBraces = expression
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\b(?:by|on|group_left) *\([^)]*\)/g, '');
  return outsideBraces.match(/\b[a-z]+(?:_[a-z]+)+\b(?! *\()/g) ?? [];
}

describe('the dashboard', async () => {
  const dashboard = await readDashboard();
  const chosen = { namespace: '.*', job: '.*', __rate_interval: '1m', __range: '3h' };

  it('asks for nothing that neither operator nor worker has', async () => {
    const known = await seriesNames();
    const variables = dashboard.templating.list.flatMap(({ definition = '' }) =>
      namesIn(definition.replace('label_values', '').replaceAll(/\((.*), *\w+\)/g, '$1')),
    );
    const used = new Set([
      ...queriesOf(dashboard, chosen).flatMap(({ expr }) => namesIn(expr)),
      ...variables,
    ]);
    expect([...used].filter((name) => !known.has(name))).toEqual([]);
    expect(used.size).toBeGreaterThan(20);
  });

  it('shows every metric of a worker', async () => {
    const used = new Set(queriesOf(dashboard, chosen).flatMap(({ expr }) => namesIn(expr)));
    const ofWorkers = [...(await seriesNames())].filter((name) => name.startsWith('blockstill_worker_'));
    expect(ofWorkers.filter((name) => !used.has(name))).toEqual([]);
  });

  it('fills in all that a user can choose', () => {
    for (const { expr } of queriesOf(dashboard, chosen)) expect(expr).not.toContain('$');
  });

  it('has panels side by side, none over another, each with the data source that the user chooses', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const cells = dashboard.panels.flatMap(cellsOf);
    expect(new Set(cells).size).toBe(cells.length);
    for (const { title, type, datasource, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      expect([type === 'row', datasource], title).toEqual(
        type === 'row' ? [true, undefined] : [false, { type: 'prometheus', uid: '${datasource}' }],
      );
    }
  });
});

function cellsOf({ gridPos: { x, y, w, h } }: Panel): string[] {
  return Array.from({ length: w * h }, (_, index) => `${x + (index % w)}/${y + Math.floor(index / w)}`);
}

describe('the alerts', async () => {
  const alerts = await readAlerts();

  it('ask for nothing that neither operator nor worker has', async () => {
    const known = await seriesNames();
    for (const { alert, expr } of alerts) {
      expect(namesIn(expr).length, alert).toBeGreaterThan(0);
      expect(
        namesIn(expr).filter((name) => !known.has(name)),
        alert,
      ).toEqual([]);
    }
  });

  it('say what is so in a sentence, and what to look at in others', () => {
    for (const { alert, annotations, labels: given } of alerts) {
      expect(annotations.summary, alert).toMatch(/[.!]$/);
      expect(annotations.description, alert).toMatch(/^[A-Z"a-z].{80,}\.$/s);
      expect(['critical', 'warning', 'info'], alert).toContain(given.severity);
    }
  });

  it('are each in the documentation, with their severity', async () => {
    const page = await read('docs/monitoring.md');
    const rows = [...page.matchAll(/^\| `(Blockstill\w+)` +\| (\w+)/gm)];
    const documented = rows.map(([, name, severity]) => `${name} ${severity}`);
    expect(documented.sort()).toEqual(
      alerts.map(({ alert, labels: given }) => `${alert} ${given.severity}`).sort(),
    );
  });

  it('have each a test', async () => {
    const tests = await read('test/monitoring/alerts.test.yaml');
    for (const { alert } of alerts) {
      // Once when it must be silent and once when it must not.
      expect(
        tests.match(new RegExp(`ALERTS\\{alertname="${alert}", alertstate="firing", severity=`)),
      ).not.toBeNull();
      expect(tests.split(`expr: 'ALERTS{alertname="${alert}"`).length, alert).toBeGreaterThan(1);
    }
  });

  it('become a PrometheusRule by the command in the documentation', async () => {
    const page = await read('docs/monitoring.md');
    const [, command = ''] = /```sh\n *# needs .*\n( *\(printf [\s\S]*?)\| kubectl apply/.exec(page) ?? [];
    const { stdout } = await promisify(execFile)('bash', ['-c', command], { cwd: root.pathname });
    expect(parse(stdout)).toEqual({
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'blockstill' },
      spec: parse(await readFile(alertsFile, 'utf8')) as object,
    });
  });
});

interface PodMonitor {
  readonly spec: {
    readonly selector: object;
    readonly podTargetLabels?: readonly string[];
    readonly podMetricsEndpoints: readonly { readonly port: string }[];
  };
}

interface Template {
  readonly metadata: { readonly annotations: object };
  readonly spec: {
    readonly containers: readonly {
      readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    }[];
  };
}

describe('the PodMonitors', async () => {
  const documents = parseAllDocuments(await read('helm/monitoring/pod-monitors.yaml'));
  const [operator, workers] = documents.map((document) => document.toJS() as PodMonitor);

  it('find the port of the operator, and its annotations name the same', async () => {
    const { spec } = parse(await read('helm/manifests/operator.yaml')) as {
      spec: { selector: object; template: Template };
    };
    // Whatever its release is called.
    expect(operator?.spec.selector).toEqual({
      matchLabels: { 'app.kubernetes.io/name': 'blockstill-operator' },
    });
    expect(spec.selector).toMatchObject(operator?.spec.selector ?? {});
    expect(operator?.spec.podMetricsEndpoints).toMatchObject([{ port: 'http' }]);
    expect(spec.template.spec.containers[0]?.ports).toEqual([
      { name: 'http', containerPort: 8080, protocol: 'TCP' },
    ]);
    expect(spec.template.metadata.annotations).toEqual({
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '8080',
    });
  });

  it('find the port of workers, and take over the name of their job', () => {
    const pod = renderPod({
      accepted: accepted({}),
      stage: 'Distill',
      unitSpec: '{}',
      labels: { [labels.jobName]: 'mnist' },
      annotations: {},
    }) as Template;
    const ports = pod.spec.containers[0]?.ports ?? [];
    expect(workers?.spec.podMetricsEndpoints.map(({ port }) => port)).toEqual(ports.map(({ name }) => name));
    expect(workers?.spec.selector).toEqual({
      matchExpressions: [{ key: labels.jobName, operator: 'Exists' }],
    });
    expect(workers?.spec.podTargetLabels).toEqual([labels.jobName]);
  });
});
