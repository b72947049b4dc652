import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cannotRun } from '../cluster/cannot-run.ts';
import { queriesOf, readDashboard } from './dashboard.ts';
import { prometheusSuite, whyNoPrometheus } from './requirements.ts';
import { runPromtool } from './run-promtool.ts';

/** What an operator and two workers tell, at one scrape a minute: each with its instance, and with other labels. */
const operator: Readonly<Record<string, string>> = {
  'blockstill_jobs{phase="Failed"}': '2x60',
  'blockstill_units{stage="Distill", state="Running"}': '4x60',
  'blockstill_unit_longest_wait_seconds{stage="Distill"}': '30x60',
  'blockstill_unit_attempts_failed_total{stage="Distill", reason="Failed"}': '0+1x60',
  'controller_runtime_reconcile_time_seconds_bucket{controller="distillationjob", le="1"}': '0+60x60',
  'controller_runtime_reconcile_time_seconds_bucket{controller="distillationjob", le="+Inf"}': '0+60x60',
  'controller_runtime_reconcile_total{controller="distillationjob", result="success"}': '0+60x60',
  'blockstill_watch_age_seconds{resource="pods"}': '7x60',
  'workqueue_depth{name="distillationjob"}': '5x60',
  'workqueue_longest_running_processor_seconds{name="distillationjob"}': '6x60',
  'rest_client_requests_total{code="200", method="GET", host="api"}': '0+120x60',
  'rest_client_requests_total{code="200", method="PUT", host="api"}': '0+60x60',
  'blockstill_status_writes_total{result="written"}': '0+60x60',
  'blockstill_units_created_total{stage="Distill"}': '0+60x60',
  process_resident_memory_bytes: '1000x60',
};
const worker: Readonly<Record<string, string>> = {
  'blockstill_worker_activity{activity="Training"}': '1x60',
  blockstill_worker_progress_ratio: '0.5x60',
  blockstill_worker_images_total: '0+600x60',
  blockstill_worker_step_seconds_total: '0+30x60',
  blockstill_worker_steps_total: '0+60x60',
  'blockstill_worker_loss{block="a"}': '3x60',
  'blockstill_worker_block_progress_ratio{block="a"}': '0.25x60',
  blockstill_worker_last_progress_timestamp_seconds: '0x60',
  'blockstill_worker_energy_joules_total{kind="GPU", device="G"}': '0+6000x60',
  'blockstill_worker_energy_known{kind="GPU", device="G"}': '0x60',
  'blockstill_worker_gpu_power_watts{device="G"}': '100x60',
  'blockstill_worker_gpu_utilization_ratio{device="G"}': '0.5x60',
  'blockstill_worker_gpu_memory_used_bytes{device="G"}': '40x60',
  'blockstill_worker_gpu_memory_size_bytes{device="G"}': '80x60',
  'blockstill_worker_gpu_temperature_celsius{device="G"}': '60x60',
  'blockstill_worker_gpu_clock_hertz{device="G", clock="graphics"}': '10x60',
  'blockstill_worker_gpu_clock_hertz{device="G", clock="memory"}': '20x60',
  'blockstill_worker_gpu_compute_mode{device="G", mode="Default"}': '1x60',
  process_resident_memory_bytes: '2000x60',
};

/** Of each panel, the sum over what its queries show, of the operator or of both workers, half an hour after midnight. */
const sums: Readonly<Record<string, readonly number[]>> = {
  'Jobs by phase': [2],
  'Units that run and wait': [4],
  'Longest wait of a unit': [30],
  // One a minute, in five minutes.
  'Failed attempts by reason': [5],
  'Time of a look at a job': [0.5, 0.99],
  'Looks at jobs, and errors': [1],
  'Age of watches': [7],
  'Work queue': [5, 6],
  'Requests to the API server': [3],
  'Status writes': [1],
  'Attempts started': [1],
  'Memory of operators': [1000],
  'Progress by unit': [1],
  'Images per second': [20],
  'Time of a step': [1],
  'Loss by block': [6],
  'Progress by block': [0.5],
  'Since the last progress': [3600],
  // 100 W each, for ten minutes.
  'Energy of GPUs in this time': [120_000],
  'Power of GPUs now': [200],
  'Units that run': [2],
  'Units whose GPU energy is unknown': [2],
  'Power of GPUs': [200],
  'Utilisation of GPUs': [1],
  'Energy per second, by counters': [200],
  'Memory of GPUs': [80, 160],
  'Temperature of GPUs': [120],
  'Clocks of GPUs': [60],
  'GPUs by compute mode': [2],
  'Memory of workers': [4000],
};

/** One series for each way in which its pod is scraped; only a PodMonitor names pod and container. */
function scrapedTwice(metrics: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>) {
  const ways = [{ job: 'pods' }, { job: 'lab/monitor', pod: 'p', container: 'c' }];
  return ways.flatMap((way) =>
    Object.entries(metrics).map(([series, values]) => {
      const [, name = '', own = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(series) ?? [];
      const given = Object.entries({ ...labels, ...way }).map(([label, value]) => `${label}="${value}"`);
      return { series: `${name}{${[...given, ...(own === '' ? [] : [own])].join(', ')}}`, values };
    }),
  );
}

function ofWorker(unit: string, instance: string) {
  const labels = { namespace: 'lab', blockstill_dev_job_name: 'mnist', instance };
  const { process_resident_memory_bytes: bytes = '', ...rest } = worker;
  return [
    ...scrapedTwice(rest, { ...labels, stage: 'Distill', unit }),
    ...scrapedTwice({ process_resident_memory_bytes: bytes }, labels),
  ];
}

describe.skipIf(cannotRun(prometheusSuite, await whyNoPrometheus()))('where pods are scraped twice', () => {
  test('every panel of the dashboard counts them once', async () => {
    const chosen = { namespace: '.*', job: '.*', __rate_interval: '5m', __range: '10m' };
    const seen = new Map<string, number>();
    const expectations = queriesOf(await readDashboard(), chosen).map(({ title, expr }) => {
      const index = seen.get(title) ?? 0;
      seen.set(title, index + 1);
      const value = sums[title]?.[index];
      expect(value, title).toBeTypeOf('number');
      // To a thousandth: rates are not exact in binary.
      return {
        eval_time: '30m',
        expr: `round(sum(${expr}), 0.001)`,
        exp_samples: [{ labels: '{}', value }],
      };
    });
    expect(expectations).toHaveLength(Object.values(sums).flat().length);
    await using folder = await mkdtempDisposable(join(tmpdir(), 'blockstill-twice-'));
    const tests = join(folder.path, 'tests.yaml');
    const series = [
      ...scrapedTwice(operator, { namespace: 'blockstill-system', instance: '10.0.0.1:8080' }),
      ...ofWorker('unit-000', '10.0.0.2:8472'),
      ...ofWorker('unit-001', '10.0.0.3:8472'),
    ];
    const scraped = { interval: '1m', input_series: series, promql_expr_test: expectations };
    // JSON is YAML.
    await writeFile(tests, JSON.stringify({ rule_files: [], evaluation_interval: '1m', tests: [scraped] }));
    const { code, said } = await runPromtool(['test', 'rules', tests]);
    expect(code, said).toBe(0);
  });
});
