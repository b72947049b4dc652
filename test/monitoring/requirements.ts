import { isThere } from '../../scripts/cluster/kubernetes.ts';
import { prometheusFolder } from '../../scripts/prometheus/prometheus.ts';

/** The name under which the tests with Prometheus are skipped. */
export const prometheusSuite = 'The suite with Prometheus';

/** Why the tests with a real Prometheus can't run on this machine; undefined when they can. */
export async function whyNoPrometheus(): Promise<string | undefined> {
  const folder = await prometheusFolder();
  return (await isThere(folder))
    ? undefined
    : `there is no ${folder}; node scripts/setup-prometheus.ts builds it`;
}
