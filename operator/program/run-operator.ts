import packageJson from '../../package.json' with { type: 'json' };
import { isCode } from '../../common/error.ts';
import type { Logger } from '../../common/logger.ts';
import { KubeClient, type KubeClientOptions } from '../kube/client.ts';
import type { Clock } from '../kube/clock.ts';
import { Connection } from '../kube/connection.ts';
import { loadKubeConfig } from '../kube/kube-config.ts';
import { leaseStore } from '../kube/lease.ts';
import type { RequestObserver } from '../kube/request.ts';
import { ServerClock } from '../kube/server-clock.ts';
import { control } from './control.ts';
import type { Controller, ControllerRun } from './controller.ts';
import { Leadership, type ElectionTimings } from './leadership.ts';
import { createMetrics } from './metrics/prometheus-metrics.ts';
import type { OperatorOptions } from './options.ts';
import { startProbeServer } from './probe-server.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

export interface OperatorRun {
  readonly options: OperatorOptions;
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timings: ElectionTimings;
  /** Aborted to stop gracefully. */
  readonly signal: AbortSignal;
  createController(run: ControllerRun): Controller;
  /** Ends the process where it stands. */
  endNow(): never;
}

/** What the probes ask. */
interface State {
  watchdog?: Watchdog;
  leadership?: Leadership;
  controller?: Controller;
}

/** What requests say they come from, and who owns the fields that are written. */
const fieldManager = 'blockstill-operator';

/**
 * Leads as soon as it may, runs the controller while it leads, and serves health and metrics all the while. Resolves after
 * a graceful stop. When the Lease is lost, or work does not stop in time, the process is ended.
 *
 * @throws BlockstillError as `loadKubeConfig` and `startProbeServer`; what the controller throws
 */
export async function runOperator(run: OperatorRun): Promise<void> {
  const { options, environment, logger, timings, signal } = run;
  // What is written in objects is in the time of the server.
  const clock = new ServerClock(run.clock);
  const { kubeconfig, context, leaderElection, listen, rate } = options;
  await using held = new AsyncDisposableStack();
  const connect = () => held.use(new Connection(() => loadKubeConfig({ environment, kubeconfig, context })));
  const connection = connect();
  const metrics = createMetrics(clock);
  const observer: RequestObserver = {
    finished: (request) => {
      clock.heard(request.serverTime);
      metrics.requests.finished(request);
    },
  };
  const common = { fieldManager, clock, observer };
  const state: State = {};
  if (listen !== undefined) {
    const { expose } = metrics;
    const notHealthy = () => state.watchdog?.failure();
    const server = await startProbeServer({
      address: listen,
      notHealthy,
      notReady: () => (signal.aborted ? 'The operator is stopping.' : notReady(state)),
      expose,
    });
    held.use(server);
    logger.info('Serving health and metrics', { host: listen.host, port: server.port });
  }
  logger.info('Started', { version: packageJson.version, cluster: connection.origin, ...options });

  const work = async (leading: AbortSignal, guard?: KubeClientOptions['guard']): Promise<void> => {
    const client = new KubeClient({ ...common, connection, rate, ...(guard === undefined ? {} : { guard }) });
    state.controller = run.createController({ client, clock, logger, options, metrics, signal: leading });
    await control(state.controller, leading, run);
  };
  if (leaderElection === undefined) {
    await work(signal);
    return;
  }
  const { leaseName: name } = leaderElection;
  const graceSeconds = (timings.leaseSeconds - timings.renewDeadlineSeconds) / 4;
  const watchdog = held.use(await startWatchdog({ graceSeconds, logFormat: options.log.format }));
  // Its own connections, and no rate limit: a renewal waits for nobody.
  const renewals = new KubeClient({ ...common, connection: connect() });
  const namespace =
    leaderElection.namespace ?? (environment['POD_NAMESPACE'] || connection.namespace || 'default');
  const leases = leaseStore(renewals, { namespace, name });
  const leadership = new Leadership({ leases, clock, logger, watchdog, timings });
  Object.assign(state, { watchdog, leadership });
  metrics.leading(name, false);
  logger.info('Waiting for the Lease', { namespace, name, identity: leadership.identity });
  try {
    await leadership.run(signal, async (leading) => {
      metrics.leading(name, true);
      logger.info('Leading', { namespace, name, identity: leadership.identity });
      // What is read does no harm; what is written may be another's to write by now.
      await work(leading, (method) => void (method === 'GET' || leadership.assertHeld()));
      metrics.leading(name, false);
    });
  } catch (error) {
    if (!isCode(error, 'cluster/leadership-lost')) throw error;
    logger.error('The Lease is lost, so the process ends at once', { error });
    run.endNow();
  }
}

function notReady({ leadership, controller }: State): string | undefined {
  if (leadership === undefined && controller === undefined) return 'The operator is starting.';
  // A process that waits for the Lease is as ready as it can be: it takes over when the leader ends.
  return leadership?.problem() ?? controller?.notReady();
}
