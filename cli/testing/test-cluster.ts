/** A cluster and terminals for the tests of commands. */
import type { Clock } from '../../operator/kube/clock.ts';
import { testClient } from '../../operator/kube/testing/test-client.ts';
import type { Cluster } from '../cluster/open-cluster.ts';
import type { CommandIo } from '../commands/cluster-status.ts';

export const server = 'http://cluster.test';
export const jobsPath = '/apis/blockstill.dev/v1alpha1/namespaces/team/distillationjobs';

/** Timers run as they do; the wall clock stands still. */
const clock: Clock = {
  now: () => new Date('2026-03-01T12:00:00Z'),
  seconds: () => performance.now() / 1000,
  after: (seconds, action) => {
    const timer = setTimeout(action, seconds * 1000);
    return () => clearTimeout(timer);
  },
};

/** The namespace `team` of the server. */
export function testCluster(origin = server): Cluster & AsyncDisposable {
  const client = testClient(origin, { attempts: 1 });
  return {
    client,
    namespace: 'team',
    clock,
    [Symbol.asyncDispose]: async () => await client[Symbol.asyncDispose](),
  };
}

export interface TestIo extends CommandIo {
  /** What was written to standard output, and to standard error. */
  readonly written: { out: string; progress: string };
  interrupt(): void;
}

/** Terminals that nobody sits at. */
export function testIo(): TestIo {
  const written = { out: '', progress: '' };
  const controller = new AbortController();
  const terminal = (name: keyof typeof written) => ({
    write: (text: string) => void (written[name] += text),
    interactive: false,
    color: false,
    columns: 80,
    rows: 24,
  });
  return {
    written,
    out: terminal('out'),
    progress: terminal('progress'),
    signal: controller.signal,
    interrupt: () => controller.abort(),
  };
}

/** What the API answers in place of an object. */
export function refusal(code: number, reason: string, details: object = {}): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason, details };
}
