import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Logger } from '../../common/logger.ts';
import { podEnvironment, progressPort } from '../../worker/contract/pod.ts';
import { EnergyMeter } from '../../worker/energy/energy-meter.ts';
import { PodHost } from '../../worker/host/pod-host.ts';
import { vgg } from '../../worker/models/testing/families.ts';
import { networkOf } from '../../worker/models/testing/reference.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { freePorts } from '../cluster/free-ports.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { alertsFile, readAlerts } from '../monitoring/alerts.ts';
import { queriesOf, readDashboard } from '../monitoring/dashboard.ts';
import { whyNoPrometheus } from '../monitoring/requirements.ts';
import { runPromtool } from '../monitoring/run-promtool.ts';
import { startPrometheus, type Prometheus } from '../monitoring/start-prometheus.ts';
import { buildNvmlStandIn } from '../nvml/nvml-stand-in.ts';
import { startOperator } from '../operator/start-operator.ts';
import { SmallJob, startWorker } from '../worker/small-job.ts';
import { useApiServer } from './use-api-server.ts';

const operatorProgram = fileURLToPath(new URL('../../operator/main.ts', import.meta.url));
const reason = (await whyNoTestServer()) ?? (await whyNoPrometheus());

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => {
    throw new Error(message);
  },
  error: (message) => {
    throw new Error(message);
  },
};

/** The panel that has nothing to show in a run where all is well. */
const emptyWhenAllIsWell = 'Failed attempts by reason';

describe.skipIf(cannotRun('The suite with Prometheus', reason))('dashboard and alerts on a real run', () => {
  const server = useApiServer();
  const held = new AsyncDisposableStack();
  const addresses = { operator: '', worker: `127.0.0.1:${progressPort}`, gpu: '' };
  let prometheus: Prometheus;

  beforeAll(async () => {
    addresses.operator = await operatorWithAJob();
    await trainingWorker();
    addresses.gpu = await workerWithGpu();
    const of = (job: string) => ({ namespace: 'lab', blockstill_dev_job_name: job });
    prometheus = held.use(
      await startPrometheus(
        [
          { job: 'operator', address: addresses.operator },
          { job: 'workers', address: addresses.worker, labels: of('small') },
          { job: 'workers-with-gpu', address: addresses.gpu, labels: of('large') },
        ],
        alertsFile,
      ),
    );
  });
  afterAll(async () => await held.disposeAsync());

  /** The real operator, which has seen a job. */
  async function operatorWithAJob(): Promise<string> {
    const { kubeconfig, namespace } = server();
    const operator = held.use(
      await startOperator({
        program: operatorProgram,
        args: [
          '--kubeconfig',
          kubeconfig,
          '--leader-election-namespace',
          namespace,
          '--namespace',
          namespace,
        ],
        environment: {
          BLOCKSTILL_LISTEN: '127.0.0.1:0',
          BLOCKSTILL_WORKER_IMAGE: 'example.invalid/worker:1',
        },
      }),
    );
    const { port } = await operator.logged('Serving health and metrics');
    await operator.logged('The cluster is listed');
    await server().create({
      apiVersion: 'blockstill.dev/v1alpha1',
      kind: 'DistillationJob',
      metadata: { name: 'seen', namespace },
      spec: {
        teacher: { uri: 'file:///data/teacher' },
        dataset: { format: 'IDX', train: { uri: 'file:///data/images', labelsUri: 'file:///data/labels' } },
        output: { uri: 'file:///data/student' },
        pod: {
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      },
    });
    return `127.0.0.1:${String(port)}`;
  }

  /** The real worker as in a pod, in a training that goes on for longer than the test. */
  async function trainingWorker(): Promise<void> {
    const job = held.use(
      await SmallJob.create({
        teacher: await networkOf(vgg()),
        spec: { distill: { epochs: 10_000, batchSize: 16, learningRate: { initial: 0.001 } } },
      }),
    );
    const { plan, reference } = await job.prepare();
    await waitFor(`nobody to answer at ${addresses.worker}`, async () =>
      (await metricsOf(addresses.worker).catch(() => undefined)) === undefined ? true : undefined,
    );
    const { attempt, ...spec } = job.unitSpec({
      stage: 'Distill',
      unit: 'unit-000',
      attempt: 'pod',
      plan: reference,
      blocks: plan.blocks.map(({ name }) => name),
    });
    const exchange = pathToFileURL(job.exchange).href;
    const worker = startWorker(['distill'], {
      [podEnvironment.unitSpec]: JSON.stringify({ ...spec, exchange, attempt: { number: attempt.number } }),
      [podEnvironment.podUid]: 'pod',
      [podEnvironment.terminationLog]: join(job.folder, 'last-words'),
    });
    held.defer(async () => {
      worker.process.kill('SIGKILL');
      await worker.ended;
    });
    await waitFor('an epoch of its training', async () => {
      if (worker.process.exitCode !== null) throw new Error((await worker.ended).stderr);
      const text = await metricsOf(addresses.worker).catch(() => '');
      return text.includes('blockstill_worker_loss{') ? true : undefined;
    });
  }

  /** What a worker in a pod shows of its meter, on a card that draws 250 W: there is none here to train on. */
  async function workerWithGpu(): Promise<string> {
    const standIn = held.use(await buildNvmlStandIn());
    await standIn.play('device GPU-1 A100', 'power 0 250');
    const meter = held.use(
      await EnergyMeter.start({ device: 'GPU', environment: { BLOCKSTILL_NVML: standIn.library } }),
    );
    const [port = 0] = await freePorts(1, '0.0.0.0');
    const host = held.use(new PodHost({ environment: {}, port }));
    await host.begin(silent);
    host.watch(meter);
    host.report({
      version: 1,
      stage: 'Distill',
      unit: 'unit-001',
      attempt: 'other-pod',
      activity: 'Training',
      fraction: 0.5,
      samplesPerSecond: null,
      etaSeconds: null,
      blocks: [],
    });
    return `127.0.0.1:${port}`;
  }

  async function metricsOf(address: string): Promise<string> {
    return await (await fetch(`http://${address}/metrics`)).text();
  }

  test('what they are scraped from has no mistake in the eyes of promtool', async () => {
    for (const address of Object.values(addresses)) {
      // Those of Node are called as its client library calls them.
      const ours = (await metricsOf(address)).replaceAll(/^(?:# \w+ )?nodejs_.*\n/gm, '');
      expect(ours).toContain('# TYPE blockstill_');
      expect(await runPromtool(['check', 'metrics'], ours), address).toEqual({ code: 0, said: '' });
    }
  });

  test('every panel has something to show', async () => {
    const chosen = { namespace: 'lab|', job: 'small|large|', __rate_interval: '10s', __range: '1m' };
    const dashboard = await readDashboard();
    for (const { title, expr } of queriesOf(dashboard, chosen)) {
      if (title === emptyWhenAllIsWell) continue;
      const isShown = async (): Promise<boolean> =>
        (await prometheus.query(expr)).some(({ value: [, value] }) => value !== 'NaN');
      await expect.poll(isShown, { timeout: 30_000, message: `"${title}": ${expr}` }).toBe(true);
    }
  });

  test('every metric of every panel and every alert is there', async () => {
    const chosen = { namespace: '.*', job: '.*', __rate_interval: '10s', __range: '1m' };
    const expressions = [...queriesOf(await readDashboard(), chosen), ...(await readAlerts())];
    const names = new Set<string>();
    for (const { expr } of expressions) for (const name of await prometheus.metricsIn(expr)) names.add(name);
    expect(names.size).toBeGreaterThan(25);
    for (const name of names) expect(await prometheus.query(name), name).not.toEqual([]);
  });

  test('every alert can be evaluated, and none is raised', async () => {
    const stateOf = (name: string, health: string, state: string): string => `${name}: ${health}, ${state}`;
    const expected = (await readAlerts()).map(({ alert }) => stateOf(alert, 'ok', 'inactive'));
    const states = async (): Promise<string[]> =>
      (await prometheus.rules()).map(({ name, health, state }) => stateOf(name, health, state)).sort();
    await expect.poll(states, { timeout: 30_000 }).toEqual(expected.sort());
  });

  test('a user chooses from the namespaces and the jobs that there are', async () => {
    const choices: Record<string, string[]> = {};
    for (const { definition = '' } of (await readDashboard()).templating.list) {
      const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      if (series === '') continue;
      const found = await prometheus.query(series.replace('$namespace', 'lab'));
      choices[label] = [...new Set(found.map(({ metric }) => metric[label] ?? ''))].sort();
    }
    expect(choices).toEqual({ namespace: ['lab'], blockstill_dev_job_name: ['large', 'small'] });
  });

  test('the power of a card is the rate of its energy', async () => {
    const watts = async (): Promise<number> => {
      const [series] = await prometheus.query('rate(blockstill_worker_energy_joules_total{kind="GPU"}[10s])');
      return Math.round(Number(series?.value[1]) / 10) * 10;
    };
    // As soon as there are 10 s to look at.
    await expect.poll(watts, { timeout: 30_000 }).toBe(250);
    const [shown] = await prometheus.query('blockstill_worker_gpu_power_watts');
    expect(shown?.value[1]).toBe('250');
  });
});
