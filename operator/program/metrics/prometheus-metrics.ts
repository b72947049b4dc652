import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import { jobPhases } from '../../../crds/status.ts';
import type { Clock } from '../../kube/clock.ts';
import type { RequestObserver } from '../../kube/request.ts';
import { reconcileResults, type OperatorMetrics, type ReconcileResult } from './operator-metrics.ts';
import { queueMetrics } from './queue-metrics.ts';
import { unitMetrics } from './unit-metrics.ts';

/** What a scrape gets. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

export interface PrometheusMetrics extends OperatorMetrics {
  expose(): Promise<Exposition>;
}

/** The metrics of one process, in a registry of their own, with those of Node beside them. */
export function createMetrics(clock: Clock): PrometheusMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    requests: requestMetrics(registry),
    workQueue: queueMetrics(registry, clock),
    reconcileStarted: reconcileMetrics(registry, clock),
    ...stateMetrics(registry),
    ...unitMetrics(registry),
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function requestMetrics(registry: Registry): RequestObserver {
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server, by status, or <error> where there was no answer.',
    labelNames: ['code', 'method', 'host'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'From a request to the head of its answer.',
    labelNames: ['verb'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
    registers: [registry],
  });
  return {
    finished: ({ method, host, httpStatus, seconds }) => {
      requests.inc({ method, host, code: httpStatus === undefined ? '<error>' : String(httpStatus) });
      duration.observe({ verb: method }, seconds);
    },
  };
}

function reconcileMetrics(registry: Registry, clock: Clock): OperatorMetrics['reconcileStarted'] {
  const registers = [registry];
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles, by how they ended.',
    labelNames: ['controller', 'result'],
    registers,
  });
  const errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Reconciles that failed.',
    labelNames: ['controller'],
    registers,
  });
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'How long a reconcile took.',
    labelNames: ['controller'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  });
  const active = new Gauge({
    name: 'controller_runtime_active_workers',
    help: 'Reconciles that run now.',
    labelNames: ['controller'],
    registers,
  });
  const known = new Set<string>();
  return (controller) => {
    if (!known.has(controller)) {
      known.add(controller);
      for (const result of reconcileResults) total.inc({ controller, result }, 0);
      errors.inc({ controller }, 0);
    }
    const startedAt = clock.seconds();
    active.inc({ controller });
    return (result: ReconcileResult) => {
      active.dec({ controller });
      total.inc({ controller, result });
      if (result === 'error') errors.inc({ controller });
      time.observe({ controller }, clock.seconds() - startedAt);
    };
  };
}

function stateMetrics(registry: Registry): Pick<OperatorMetrics, 'leading' | 'countJobs' | 'watchAge'> {
  const registers = [registry];
  let count: Parameters<OperatorMetrics['countJobs']>[0] = () => ({});
  const ages = new Map<string, () => number>();
  const leader = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this process holds the Lease, else 0.',
    labelNames: ['name'],
    registers,
  });
  registry.registerMetric(
    new Gauge({
      name: 'blockstill_jobs',
      help: 'DistillationJobs by phase, as far as this process watches them.',
      labelNames: ['phase'],
      registers: [],
      collect() {
        const counted = count();
        for (const phase of jobPhases) this.set({ phase }, counted[phase] ?? 0);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'blockstill_watch_age_seconds',
      help: 'How long nothing has been heard of a watch; on a quiet resource a bookmark comes about once a minute.',
      labelNames: ['resource'],
      registers: [],
      collect() {
        for (const [resource, seconds] of ages) this.set({ resource }, seconds());
      },
    }),
  );
  return {
    leading: (name, leads) => leader.set({ name }, leads ? 1 : 0),
    countJobs: (given) => {
      count = given;
    },
    watchAge: (resource, seconds) => {
      ages.set(resource, seconds);
    },
  };
}
