import { describe, expect, it } from 'vitest';
import { useHttpMock } from '../../test/http.ts';
import { ApiError } from './api-error.ts';
import { EventRecorder, type EventRecorderOptions, type EventToRecord } from './event-recorder.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { testClient } from './testing/test-client.ts';

const nock = useHttpMock();
const server = 'http://cluster.test';
const path = '/apis/events.k8s.io/v1/namespaces/lab/events';

const event: EventToRecord = {
  regarding: {
    apiVersion: 'blockstill.dev/v1alpha1',
    kind: 'DistillationJob',
    namespace: 'lab',
    name: 'mnist',
    uid: 'u',
  },
  type: 'Warning',
  reason: 'AttemptFailed',
  action: 'Retry',
  note: 'Attempt 1 of block conv1 failed.',
};

interface Write {
  readonly call: 'create' | 'patch';
  readonly name: string;
  readonly note?: string | undefined;
  readonly count?: number;
  readonly lastObservedTime?: string;
}

interface Created {
  readonly metadata: { readonly name: string };
  readonly note?: string;
  readonly series?: object;
}

/** A recorder whose writes are kept, and fail with `failures` first. */
function start() {
  const clock = new FakeClock();
  const writes: Write[] = [];
  const failures: (Error | undefined)[] = [];
  const problems: unknown[] = [];
  const write = (what: Write): void => {
    writes.push(what);
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
  };
  const client = {
    create: async (_resource: unknown, created: Created) => {
      const { metadata, note, series } = created;
      write({ call: 'create', name: metadata.name, note, ...series });
    },
    patch: async (
      _resource: unknown,
      { name }: { name: string },
      { patch }: { patch: { body: Created } },
    ) => {
      write({ call: 'patch', name, ...patch.body.series });
    },
  } as unknown as EventRecorderOptions['client'];
  const recorder = new EventRecorder({
    client,
    clock,
    component: 'blockstill.dev/operator',
    instance: 'operator-0',
    onProblem: (problem) => problems.push(problem),
  });
  return { clock, recorder, writes, failures, problems };
}

const { signal } = new AbortController();

const notFound = () => new ApiError({ httpStatus: 404, status: undefined, where: 'PATCH' });

describe('an event recorder', () => {
  it('writes an event as the API wants it, and its repetition as a series', async () => {
    const clock = new FakeClock();
    const body = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: /^mnist\.[0-9a-f]{16}$/, namespace: 'lab' },
      eventTime: '2026-03-01T12:00:00.000000Z',
      reportingController: 'blockstill.dev/operator',
      reportingInstance: 'operator-0',
      action: 'Retry',
      reason: 'AttemptFailed',
      regarding: { ...event.regarding },
      note: 'Attempt 1 of block conv1 failed.',
      type: 'Warning',
    };
    const query = { fieldManager: 'blockstill' };
    nock(server).post(path, body).query(query).reply(201, {});
    const series = { count: 2, lastObservedTime: '2026-03-01T12:00:05.000000Z' };
    nock(server, { reqheaders: { 'content-type': 'application/merge-patch+json' } })
      .patch(/\/namespaces\/lab\/events\/mnist\.[0-9a-f]{16}$/, { series })
      .query(query)
      .reply(200, {});
    await using client = testClient(server);
    const problems: unknown[] = [];
    const recorder = new EventRecorder({
      client,
      clock,
      component: 'blockstill.dev/operator',
      instance: 'operator-0',
      onProblem: (problem) => problems.push(problem),
    });
    recorder.record(event);
    await clock.advance(5);
    recorder.record(event);
    await recorder.close(signal);
    expect(problems).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('puts events about what has no namespace into default, under a name that is valid', async () => {
    const body = (json: { metadata: { name: string; namespace: string } }) =>
      json.metadata.namespace === 'default' && /^a{232}\.[0-9a-f]{16}$/.test(json.metadata.name);
    nock(server).post('/apis/events.k8s.io/v1/namespaces/default/events', body).query(true).reply(201, {});
    await using client = testClient(server);
    const { clock, problems } = start();
    const onProblem = (problem: unknown) => problems.push(problem);
    const recorder = new EventRecorder({ client, clock, component: 'c', instance: 'i', onProblem });
    // 253 characters at most; what is left must not end in a dash.
    const name = `${'a'.repeat(232)}----${'b'.repeat(17)}`;
    recorder.record({ ...event, regarding: { apiVersion: 'v1', kind: 'Node', name, uid: 'n' } });
    await recorder.close(signal);
    expect(problems).toEqual([]);
  });

  it('writes the first repetition at once and the others every six minutes', async () => {
    const { clock, recorder, writes } = start();
    for (let count = 0; count < 100; count += 1) {
      recorder.record(event);
      await clock.advance(1);
    }
    expect(writes.map(({ call, count }) => [call, count])).toEqual([
      ['create', undefined],
      ['patch', 2],
    ]);
    await clock.advance(260);
    expect(writes.at(-1)).toEqual({
      call: 'patch',
      name: writes[0]?.name,
      count: 100,
      lastObservedTime: '2026-03-01T12:01:39.000000Z',
    });
    await clock.advance(10_000);
    expect(writes).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  it('begins a new event when the last one is long ago', async () => {
    const { clock, recorder, writes } = start();
    recorder.record(event);
    await clock.advance(1000);
    recorder.record(event);
    await clock.advance(0);
    expect(writes.map(({ call }) => call)).toEqual(['create', 'create']);
    expect(writes[0]?.name).not.toBe(writes[1]?.name);
  });

  it('tells events apart by note, reason and object', async () => {
    const { clock, recorder, writes } = start();
    recorder.record(event);
    recorder.record({ ...event, note: 'Attempt 2 of block conv1 failed.' });
    recorder.record({ ...event, reason: 'BlockFailed' });
    recorder.record({ ...event, regarding: { ...event.regarding, uid: 'v' } });
    await clock.advance(0);
    expect(writes.map(({ call }) => call)).toEqual(['create', 'create', 'create', 'create']);
  });

  it('counts in one event what would be too many different ones', async () => {
    const { clock, recorder, writes } = start();
    for (let count = 0; count < 1000; count += 1) {
      recorder.record({ ...event, note: `Attempt ${count} failed.` });
      await clock.advance(0);
    }
    expect(writes.filter(({ call }) => call === 'create')).toHaveLength(201);
    expect(writes.filter(({ call }) => call === 'patch')).toHaveLength(1);
    await recorder.close(signal);
    expect(writes.at(-1)).toMatchObject({ call: 'patch', count: 800 });
  });

  it('writes a series anew when the cluster has dropped its event', async () => {
    const { clock, recorder, writes, failures, problems } = start();
    failures.push(undefined, notFound());
    recorder.record(event);
    recorder.record(event);
    await clock.advance(0);
    recorder.record(event);
    await recorder.close(signal);
    expect(writes.map(({ call, count }) => [call, count])).toEqual([
      ['create', undefined],
      ['patch', 2],
      ['create', 2],
      ['patch', 3],
    ]);
    expect(problems).toEqual([]);
  });

  it('goes on after a write that failed', async () => {
    const { clock, recorder, writes, failures, problems } = start();
    const failure = new Error('namespace is being deleted');
    failures.push(failure);
    recorder.record(event);
    recorder.record({ ...event, note: 'Another.' });
    await clock.advance(0);
    expect(problems).toEqual([failure]);
    expect(writes).toHaveLength(2);
  });

  it('drops what comes while a thousand wait, and never makes anyone wait', async () => {
    const { clock, recorder, writes } = start();
    for (let count = 0; count < 5000; count += 1) {
      recorder.record({ ...event, regarding: { ...event.regarding, uid: `${count}` } });
    }
    await clock.advance(0);
    expect(writes.length).toBeLessThanOrEqual(1001);
  });

  it('does not hold up the end of the process when the API does not answer', async () => {
    const { clock, problems } = start();
    const client = { create: async () => await new Promise(() => undefined) };
    const recorder = new EventRecorder({
      client: client as unknown as EventRecorderOptions['client'],
      clock,
      component: 'c',
      instance: 'i',
      onProblem: (problem) => problems.push(problem),
    });
    recorder.record(event);
    const controller = new AbortController();
    const closing = recorder.close(controller.signal);
    const reason = new Error('grace period over');
    controller.abort(reason);
    await closing;
    expect(problems).toEqual([reason]);
    expect(clock.pending).toBe(0);
  });
});
