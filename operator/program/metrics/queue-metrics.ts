import { Counter, Gauge, Histogram, type Registry } from '@prometheus-io/client';
import type { Clock } from '../../kube/clock.ts';
import type { WorkQueueObserver } from '../../kube/work-queue.ts';

/** From 10 µs to 1000 s, as client-go has them. */
const seconds = [1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000];

/** `workqueue_*`, with the meanings they have in client-go. */
export function queueMetrics(registry: Registry, clock: Clock): (name: string) => WorkQueueObserver {
  const labels = { labelNames: ['name' as const], registers: [registry] };
  const queues = new Map<string, ReadonlyMap<string, number>>();
  const depth = new Gauge({ ...labels, name: 'workqueue_depth', help: 'Keys that wait for a worker.' });
  const adds = new Counter({ ...labels, name: 'workqueue_adds_total', help: 'Keys added.' });
  const retries = new Counter({
    ...labels,
    name: 'workqueue_retries_total',
    help: 'Keys added again after a failure.',
  });
  const queueDuration = new Histogram({
    ...labels,
    name: 'workqueue_queue_duration_seconds',
    help: 'How long a key waited for a worker.',
    buckets: seconds,
  });
  const workDuration = new Histogram({
    ...labels,
    name: 'workqueue_work_duration_seconds',
    help: 'How long a worker had a key.',
    buckets: seconds,
  });
  const ages = (name: string): number[] =>
    [...(queues.get(name)?.values() ?? [])].map((startedAt) => clock.seconds() - startedAt);
  registry.registerMetric(
    new Gauge({
      labelNames: ['name'],
      registers: [],
      name: 'workqueue_unfinished_work_seconds',
      help: 'How long the keys that are being worked on have been so, summed up: it grows when one is stuck.',
      collect() {
        for (const name of queues.keys())
          this.set(
            { name },
            ages(name).reduce((sum, age) => sum + age, 0),
          );
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      labelNames: ['name'],
      registers: [],
      name: 'workqueue_longest_running_processor_seconds',
      help: 'How long the key that has been worked on for longest has been so.',
      collect() {
        for (const name of queues.keys()) this.set({ name }, Math.max(0, ...ages(name)));
      },
    }),
  );
  return (name) => {
    const addedAt = new Map<string, number>();
    const startedAt = new Map<string, number>();
    queues.set(name, startedAt);
    depth.set({ name }, 0);
    adds.inc({ name }, 0);
    retries.inc({ name }, 0);
    return {
      added: (key) => {
        addedAt.set(key, clock.seconds());
        adds.inc({ name });
        depth.inc({ name });
      },
      started: (key) => {
        const now = clock.seconds();
        queueDuration.observe({ name }, now - (addedAt.get(key) ?? now));
        addedAt.delete(key);
        startedAt.set(key, now);
        depth.dec({ name });
      },
      done: (key) => {
        const now = clock.seconds();
        workDuration.observe({ name }, now - (startedAt.get(key) ?? now));
        startedAt.delete(key);
      },
      retried: () => retries.inc({ name }),
    };
  };
}
