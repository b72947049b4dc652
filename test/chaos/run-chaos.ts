import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { BlockstillError } from '../../common/error.ts';
import { randomStream, type RandomStream } from '../../common/random.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { startControlPlane } from '../cluster/control-plane.ts';
import { define } from '../cluster/definition.ts';
import { kubectl } from '../cluster/kubectl.ts';
import { audit, type AuditReport } from './audit/audit.ts';
import type { History } from './audit/history.ts';
import { recordHistory } from './audit/record-history.ts';
import { holds, replay } from './audit/world.ts';
import { possibleWith, type Disturbance, type Victims } from './disturbances.ts';
import { identityIn, startFaultProxy } from './fault-proxy.ts';
import { evenRates, type Fault } from './faults.ts';
import { distillationJob, exchangeClaim } from './manifests.ts';
import { misbehaveBySeed, type Misbehaviour } from './misbehaviour.ts';
import { connect, distillationJobs } from './objects.ts';
import { OperatorFleet } from './operator-fleet.ts';
import { PodSimulator } from './pod-simulator.ts';
import { PretendWorker } from './pretend-worker.ts';

export interface ChaosOptions {
  readonly seed: number;
  /** The operator is killed at least so often, and as many jobs are created as it takes. */
  readonly kills: number;
  /** At least so many DistillationJobs are created. */
  readonly jobs: number;
  /** DistillationJobs that run at the same time. */
  readonly jobsAtOnce: number;
  /** More than one run with leader election. */
  readonly operators: number;
  readonly gpus: number;
  readonly blocks: number;
  /** The probability of each fault in a request of the operator. */
  readonly faultRate: number;
  /** The share of jobs whose units are tried once; a unit that fails keeps the teacher's blocks. Default: none. */
  readonly oneTry?: number;
  readonly misbehaviour: Readonly<Partial<Record<Misbehaviour, number>>>;
  /** Seconds between two disturbances, at most. */
  readonly pauseSeconds: number;
  /** Seconds for all to end after the last disturbance. */
  readonly settleSeconds: number;
  /** Further flags of the operator. */
  readonly operatorArguments?: readonly string[];
  /** Default: all of them. Those that take more operators are left out. */
  readonly disturbances?: readonly Disturbance[];
  readonly report?: (line: string) => void;
}

export interface ChaosReport {
  readonly audit: AuditReport;
  readonly kills: number;
  /** How often an operator has followed a leader that was paused. */
  readonly takeovers: number;
  readonly disturbances: ReadonlyMap<string, number>;
  readonly faults: ReadonlyMap<Fault, number>;
  readonly requests: number;
  /** What the auditor looked at, and when what happened on the same clock. */
  readonly history: History;
  readonly happened: readonly { readonly seconds: number; readonly what: string }[];
}

const namespace = 'chaos';
/** Counted beside what was done to the run: it is not wrong, but nobody did it. */
const endedByItself = 'operator that had ended by itself replaced';
/** A grace period of 120 s and 5 minutes, less the part of a second that `deletionTimestamp` leaves out. */
const abandonedAfterSeconds = 419;

/**
 * Runs DistillationJobs on a control plane of its own while everything around them breaks, and has an auditor judge it.
 * What happens, and to whom, follows from the seed; when exactly it happens does not.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, report = () => undefined } = options;
  await using controlPlane = await startControlPlane();
  const { kubeconfig, apiServer } = controlPlane;
  await controlPlane.createNamespace(namespace);
  await define(kubeconfig);
  const claim = { apiVersion: 'v1', kind: 'List', items: exchangeClaim(namespace) };
  await kubectl(kubeconfig, ['apply', '-f', '-'], JSON.stringify(claim));
  await using witness = await apiServer.startWitness();
  await using auditing = connect(witness.kubeconfig, 'auditor');
  await using history = await recordHistory(auditing.client);
  await using admin = connect(kubeconfig, 'admin');
  const worker = new PretendWorker({
    clock: systemClock,
    seed,
    blocks: Array.from({ length: options.blocks }, (_, index) => `conv${index + 1}`),
    trainingSeconds: [0.05, 0.5],
  });
  const script = misbehaveBySeed(seed, options.misbehaviour);
  await using simulator = await PodSimulator.start({
    client: admin.client,
    worker,
    gpus: options.gpus,
    script,
  });
  const rates = evenRates(options.faultRate);
  await using proxy = await startFaultProxy({ ...(await identityIn(kubeconfig)), seed, rates });
  await using operators = await OperatorFleet.start(options.operators, {
    kubeconfig: await proxy.writeKubeconfig(join(apiServer.folder, 'proxy.kubeconfig')),
    log: join(apiServer.folder, 'log', 'operator.log'),
    commandArguments: options.operatorArguments ?? [],
  });
  await operators.untilReady();
  proxy.switchOn();
  const random = randomStream(seed, 'schedule');
  const wait = async (seconds: number): Promise<void> => await delay(seconds * 1000);
  const { client } = admin;
  const victims = { controlPlane, client, proxy, operators, simulator, namespace, random, wait };
  const counts = new Map<string, number>();
  const happened: { seconds: number; what: string }[] = [];
  const possible = possibleWith(options.operators, options.disturbances);
  let created = 0;
  while (operators.kills < options.kills || created < options.jobs) {
    const running = countUnfinished(history.read());
    for (let count = running; count < options.jobsAtOnce; count += 1) {
      created += 1;
      const name = `job-${created}`;
      const isTriedOnce = randomStream(seed, 'one try', name).uniform() < (options.oneTry ?? 0);
      const manifest = distillationJob({
        namespace,
        name,
        maxParallel: 1 + random.below(4),
        ...(isTriedOnce ? { backoffLimit: 0 } : {}),
      });
      await insist(async () => await client.create(distillationJobs, manifest as object as never));
    }
    await wait(random.uniform() * options.pauseSeconds);
    const chosen = choose(possible, random);
    const ended = await operators.replaceEnded();
    if (ended > 0) counts.set(endedByItself, (counts.get(endedByItself) ?? 0) + ended);
    happened.push({ seconds: systemClock.seconds(), what: chosen.name });
    counts.set(chosen.name, (counts.get(chosen.name) ?? 0) + 1);
    report(`${chosen.name} (${operators.kills} kills, ${created} jobs)`);
    await disturb(chosen, victims);
  }
  report('Calm: all that was begun has to end.');
  proxy.switchOff();
  simulator.removeGoneNodes();
  // Whoever has not ended in time is the auditor's to name.
  await history
    .until(
      'all jobs to end',
      (now) => countUnfinished(now) === 0 && countJobs(now) === created,
      options.settleSeconds,
    )
    .catch(() => undefined);
  // What an operator does that it should not, it does soon.
  await wait(2);
  const recorded = history.read();
  const judged = audit({ history: recorded, ledger: worker.ledger, abandonedAfterSeconds });
  const { injected: faults, requests } = proxy;
  const { kills, takeovers } = operators;
  const seen = { history: recorded, happened };
  return { audit: judged, kills, takeovers, disturbances: counts, faults, requests, ...seen };
}

/** A disturbance may fail because of an earlier one: there is no API server, or what it wanted is gone. */
async function disturb({ disturb: act }: Disturbance, victims: Victims): Promise<void> {
  try {
    await act(victims);
  } catch (error) {
    if (!(error instanceof BlockstillError)) throw error;
  }
}

async function insist(action: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await action();
      return;
    } catch (error) {
      if (!(error instanceof BlockstillError) || error.code === 'cluster/invalid') throw error;
      // The first try did arrive.
      if (error.code === 'cluster/already-exists') return;
    }
    await delay(200);
  }
}

function choose(from: readonly Disturbance[], random: RandomStream): Disturbance {
  let left = random.uniform() * from.reduce((sum, { weight }) => sum + weight, 0);
  const chosen = from.find(({ weight }) => (left -= weight) < 0) ?? from.at(-1);
  if (chosen === undefined) throw new Error('There is nothing to choose from.');
  return chosen;
}

function countUnfinished(history: History): number {
  const { resources } = replay(history.events, () => undefined);
  return [...resources.values()].filter((resource) => !holds(resource, 'Finished')).length;
}

function countJobs(history: History): number {
  return new Set(
    history.events.flatMap(({ object }) => (object.kind === 'DistillationJob' ? [object.uid] : [])),
  ).size;
}
