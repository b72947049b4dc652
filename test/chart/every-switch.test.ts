import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chartValues } from '../../helm/chart-readme.ts';
import { chartFolder } from '../../scripts/helm/run-helm.ts';
import { switches } from './every-switch.ts';

/** Values that change a number or a word in what is there anyway. */
const withoutEffectOnForm = [
  'image.repository',
  'image.pullPolicy',
  'workers',
  'api.qps',
  'api.burst',
  'extraArgs',
  'terminationGracePeriodSeconds',
  'resources.requests',
  'resources.limits',
  'nodeOptions',
  'livenessProbe.periodSeconds',
  'livenessProbe.timeoutSeconds',
  'livenessProbe.failureThreshold',
  'readinessProbe.periodSeconds',
  'readinessProbe.timeoutSeconds',
  'readinessProbe.failureThreshold',
  'podSecurityContext',
  'securityContext',
  'service.port',
  'port',
  'metrics.workerMonitor.interval',
  'metrics.dashboard.labels',
  'networkPolicy.apiServerPorts',
];

const isIn = (value: unknown, [name, ...others]: readonly string[]): boolean =>
  name === undefined ||
  (typeof value === 'object' &&
    value !== null &&
    isIn((value as Readonly<Record<string, unknown>>)[name], others) &&
    name in value);

test('the switches with which manifests are checked have every value that adds an object or a field', async () => {
  const values = chartValues(await readFile(join(chartFolder, 'values.yaml'), 'utf8'));
  const missing = values
    .map(({ path }) => path)
    .filter((path) => !Object.values(switches).some((each) => isIn(each, path.split('.'))));
  expect(missing).toEqual(withoutEffectOnForm);
});
