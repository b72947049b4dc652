import { describe, expect, test } from 'vitest';
import { systemClock } from '../../operator/kube/clock.ts';
import { EventRecorder, type EventToRecord } from '../../operator/kube/event-recorder.ts';
import { runElection } from '../../operator/kube/lease-election.ts';
import { leaseStore } from '../../operator/kube/lease.ts';
import type { KubeObject, Resource } from '../../operator/kube/resource.ts';
import { FakeClock } from '../../operator/kube/testing/fake-clock.ts';
import { cannotRun } from '../cluster/cannot-run.ts';
import { whyNoTestServer } from '../cluster/requirements.ts';
import { waitFor } from '../cluster/wait-for.ts';
import { openClient } from './open-client.ts';
import { useApiServer } from './use-api-server.ts';

/** `events.k8s.io/v1`, and the same as the older API has it. */
interface RecordedEvent extends KubeObject {
  readonly eventTime: string;
  readonly note: string;
  readonly reason: string;
  readonly type: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly regarding: { readonly uid: string };
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

const events: Resource<RecordedEvent> = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

describe.skipIf(cannotRun('The API-server suite', await whyNoTestServer()))('an election', () => {
  const server = useApiServer();

  test('has one leader at a time, and the next one when that one gives the Lease back', async () => {
    await using client = openClient(server().kubeconfig);
    const leases = leaseStore(client, { namespace: server().namespace, name: 'election' });
    const leading: string[] = [];
    const candidate = (identity: string) => {
      const controller = new AbortController();
      const ended = runElection({
        leases,
        identity,
        clock: systemClock,
        random: () => 0,
        retrySeconds: 0.1,
        signal: controller.signal,
        lead: async (signal) => {
          leading.push(identity);
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => resolve(), { once: true });
          });
          leading.splice(leading.indexOf(identity), 1);
        },
        onProblem: () => undefined,
      });
      return { controller, ended };
    };
    const first = candidate('first');
    await waitFor('the first to lead', async () => leading[0]);
    const second = candidate('second');
    first.controller.abort();
    await first.ended;
    await waitFor('the second to lead', async () => (leading[0] === 'second' ? true : undefined));
    const lease = await leases.get(second.controller.signal);
    expect(lease?.spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
    expect(lease?.spec?.renewTime).toMatch(/\.\d{6}Z$/);
    second.controller.abort();
    await second.ended;
    expect((await leases.get(new AbortController().signal))?.spec?.holderIdentity).toBeUndefined();
  });

  test('lets one of two win who create or renew the Lease at once', async () => {
    await using client = openClient(server().kubeconfig);
    const { signal } = new AbortController();
    const leases = leaseStore(client, { namespace: server().namespace, name: 'race' });
    const spec = (holderIdentity: string) => ({ holderIdentity, leaseDurationSeconds: 15 });
    const created = await Promise.all([leases.create(spec('a'), signal), leases.create(spec('b'), signal)]);
    expect(created.filter(Boolean)).toHaveLength(1);
    const lease = await leases.get(signal);
    if (lease === undefined) throw new Error('There is no Lease.');
    // Two that change something: a write that changes nothing is no new version, and always succeeds.
    const writes = ['c', 'd'].map(
      async (name) => await leases.replace({ ...lease, spec: spec(name) }, signal),
    );
    expect((await Promise.all(writes)).filter(Boolean)).toHaveLength(1);
  });
});

describe.skipIf(cannotRun('The API-server suite', await whyNoTestServer()))('an event recorder', () => {
  const server = useApiServer();

  test('writes events that the server accepts, and counts their repetitions in one', async () => {
    await using client = openClient(server().kubeconfig);
    const { namespace } = server();
    const problems: unknown[] = [];
    const recorder = new EventRecorder({
      client,
      clock: new FakeClock(),
      component: 'blockstill.dev/operator',
      instance: 'x'.repeat(200),
      onProblem: (problem) => problems.push(problem),
    });
    const regarding = {
      apiVersion: 'blockstill.dev/v1alpha1',
      kind: 'DistillationJob',
      namespace,
      name: 'some-job',
      uid: '0f1e2d3c-0000-4000-8000-000000000000',
    };
    const event: EventToRecord = {
      regarding,
      type: 'Warning',
      reason: 'BlockFailed',
      action: 'Distill',
      note: `Block conv1 failed: ${'ü'.repeat(1000)}`,
    };
    for (let count = 0; count < 5; count += 1) recorder.record(event);
    recorder.record({ ...event, type: 'Normal', reason: 'Complete', note: 'Done.' });
    await recorder.close(AbortSignal.timeout(30_000));
    expect(problems).toEqual([]);
    const { items } = await client.list(events, { namespace });
    const [failed, complete] = items.sort((one, other) => one.reason.localeCompare(other.reason));
    expect(items).toHaveLength(2);
    expect(failed).toMatchObject({
      type: 'Warning',
      reason: 'BlockFailed',
      reportingController: 'blockstill.dev/operator',
      regarding,
      series: { count: 5 },
    });
    // Both were longer than the API takes.
    expect(failed?.note).toMatch(/^Block conv1 failed: ü{490,}…$/);
    expect(failed?.reportingInstance).toMatch(/^x{120,}…$/);
    expect(complete).toMatchObject({ type: 'Normal', note: 'Done.' });
    expect(complete?.series).toBeUndefined();
    // As a person sees them.
    const shown = await server().kubectl([
      'get',
      'events',
      '--field-selector',
      'involvedObject.name=some-job',
    ]);
    expect(shown).toContain('distillationjob/some-job');
    expect(shown).toContain('Done.');
  });
});
