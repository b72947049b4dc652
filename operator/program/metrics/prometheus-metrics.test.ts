import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { WorkQueue } from '../../kube/work-queue.ts';
import { createMetrics } from './prometheus-metrics.ts';

function metricsAt() {
  const clock = new FakeClock();
  const metrics = createMetrics(clock);
  const lines = async (name: string): Promise<string[]> => {
    const { text } = await metrics.expose();
    return text.split('\n').filter((line) => line.startsWith(name));
  };
  return { clock, metrics, lines };
}

describe('the metrics of the operator', () => {
  it('are of one process, with those of Node, in the text format of Prometheus', async () => {
    const { metrics } = metricsAt();
    const { metrics: other } = metricsAt();
    other.unitCreated('Distill');
    const { text, contentType } = await metrics.expose();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('process_resident_memory_bytes ');
    expect(text).toContain('nodejs_eventloop_lag_seconds ');
    expect(text).toContain('blockstill_units_created_total{stage="Distill"} 0\n');
  });

  it('count requests by status, method and host, and time them by verb', async () => {
    const { metrics, lines } = metricsAt();
    const request = { host: 'api:6443', method: 'GET', serverTime: undefined } as const;
    metrics.requests.finished({ ...request, httpStatus: 200, seconds: 0.2 });
    metrics.requests.finished({ ...request, httpStatus: 200, seconds: 0.3 });
    metrics.requests.finished({ ...request, httpStatus: undefined, seconds: 3 });
    expect(await lines('rest_client_requests_total')).toEqual([
      'rest_client_requests_total{method="GET",host="api:6443",code="200"} 2',
      'rest_client_requests_total{method="GET",host="api:6443",code="<error>"} 1',
    ]);
    expect(await lines('rest_client_request_duration_seconds_sum')).toEqual([
      'rest_client_request_duration_seconds_sum{verb="GET"} 3.5',
    ]);
    expect(await lines('rest_client_request_duration_seconds_bucket{le="0.25"')).toEqual([
      'rest_client_request_duration_seconds_bucket{le="0.25",verb="GET"} 1',
    ]);
  });

  it('count and time reconciles', async () => {
    const { metrics, lines, clock } = metricsAt();
    const first = metrics.reconcileStarted('job');
    const second = metrics.reconcileStarted('job');
    await clock.advance(2);
    first('success');
    expect(await lines('controller_runtime_active_workers')).toEqual([
      'controller_runtime_active_workers{controller="job"} 1',
    ]);
    second('error');
    expect(await lines('controller_runtime_reconcile_total')).toEqual([
      'controller_runtime_reconcile_total{controller="job",result="success"} 1',
      'controller_runtime_reconcile_total{controller="job",result="error"} 1',
      'controller_runtime_reconcile_total{controller="job",result="requeue"} 0',
      'controller_runtime_reconcile_total{controller="job",result="requeue_after"} 0',
    ]);
    expect(await lines('controller_runtime_reconcile_errors_total')).toEqual([
      'controller_runtime_reconcile_errors_total{controller="job"} 1',
    ]);
    expect(await lines('controller_runtime_reconcile_time_seconds_sum')).toEqual([
      'controller_runtime_reconcile_time_seconds_sum{controller="job"} 4',
    ]);
  });

  it('say of a queue what client-go says: 1 key waits, 1 is worked on since 5 s, 1 took 3 s after 2 s', async () => {
    const { metrics, lines, clock } = metricsAt();
    const queue = new WorkQueue({ clock, observer: metrics.workQueue('jobs'), baseSeconds: 60 });
    queue.add('a');
    await clock.advance(2);
    await queue.next();
    await clock.advance(3);
    queue.done('a');
    queue.addRateLimited('a');
    queue.add('b');
    await queue.next();
    await clock.advance(5);
    queue.add('c');
    const all = await lines('workqueue_');
    for (const line of [
      'workqueue_depth{name="jobs"} 1',
      'workqueue_adds_total{name="jobs"} 3',
      'workqueue_retries_total{name="jobs"} 1',
      'workqueue_queue_duration_seconds_sum{name="jobs"} 2',
      'workqueue_queue_duration_seconds_count{name="jobs"} 2',
      'workqueue_work_duration_seconds_sum{name="jobs"} 3',
      'workqueue_unfinished_work_seconds{name="jobs"} 5',
      'workqueue_longest_running_processor_seconds{name="jobs"} 5',
    ]) {
      expect(all).toContain(line);
    }
  });

  it('have every phase, stage and reason from the start, so that the first event is an increase', async () => {
    const { metrics, lines } = metricsAt();
    metrics.countJobs(() => ({ Distilling: 3 }));
    expect(await lines('blockstill_jobs')).toEqual([
      'blockstill_jobs{phase="Pending"} 0',
      'blockstill_jobs{phase="Preparing"} 0',
      'blockstill_jobs{phase="Distilling"} 3',
      'blockstill_jobs{phase="Finetuning"} 0',
      'blockstill_jobs{phase="Suspended"} 0',
      'blockstill_jobs{phase="Complete"} 0',
      'blockstill_jobs{phase="Failed"} 0',
    ]);
    metrics.unitAttemptFailed('Distill', 'OutOfMemory');
    metrics.statusWritten('conflict');
    // 4 stages times 7 reasons.
    expect(await lines('blockstill_unit_attempts_failed_total')).toHaveLength(28);
    expect(
      await lines('blockstill_unit_attempts_failed_total{stage="Distill",reason="OutOfMemory"}'),
    ).toEqual(['blockstill_unit_attempts_failed_total{stage="Distill",reason="OutOfMemory"} 1']);
    expect(await lines('blockstill_status_writes_total')).toEqual([
      'blockstill_status_writes_total{result="written"} 0',
      'blockstill_status_writes_total{result="conflict"} 1',
      'blockstill_status_writes_total{result="error"} 0',
    ]);
  });

  it('say how many units run and wait, and nothing of them before anybody has counted', async () => {
    const { metrics, lines } = metricsAt();
    expect(await lines('blockstill_unit')).not.toContainEqual(expect.stringMatching(/^blockstill_units\{/));
    metrics.countUnits(() => ({
      running: { Distill: 4 },
      waiting: { Distill: 2, Finetune: 1 },
      longestWaitSeconds: { Distill: 90, Finetune: 7 },
    }));
    expect(await lines('blockstill_units{')).toEqual([
      'blockstill_units{stage="Prepare",state="Running"} 0',
      'blockstill_units{stage="Prepare",state="Waiting"} 0',
      'blockstill_units{stage="Baseline",state="Running"} 0',
      'blockstill_units{stage="Baseline",state="Waiting"} 0',
      'blockstill_units{stage="Distill",state="Running"} 4',
      'blockstill_units{stage="Distill",state="Waiting"} 2',
      'blockstill_units{stage="Finetune",state="Running"} 0',
      'blockstill_units{stage="Finetune",state="Waiting"} 1',
    ]);
    expect(await lines('blockstill_unit_longest_wait_seconds')).toEqual([
      'blockstill_unit_longest_wait_seconds{stage="Prepare"} 0',
      'blockstill_unit_longest_wait_seconds{stage="Baseline"} 0',
      'blockstill_unit_longest_wait_seconds{stage="Distill"} 90',
      'blockstill_unit_longest_wait_seconds{stage="Finetune"} 7',
    ]);
  });

  it('say who leads, and how old the view of a watch is when they are asked', async () => {
    const { metrics, lines } = metricsAt();
    let age = 3;
    metrics.watchAge('pods', () => age);
    metrics.leading('blockstill-operator', true);
    age = 7;
    expect(await lines('blockstill_watch_age_seconds')).toEqual([
      'blockstill_watch_age_seconds{resource="pods"} 7',
    ]);
    expect(await lines('leader_election_master_status')).toEqual([
      'leader_election_master_status{name="blockstill-operator"} 1',
    ]);
    metrics.leading('blockstill-operator', false);
    expect(await lines('leader_election_master_status')).toEqual([
      'leader_election_master_status{name="blockstill-operator"} 0',
    ]);
  });
});
