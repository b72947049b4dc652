import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../../operator/kube/clock.ts';
import { startControlPlane } from '../../cluster/control-plane.ts';
import { waitFor } from '../../cluster/wait-for.ts';
import { connect } from '../../chaos/objects.ts';
import { auditArguments, auditLog, countRequests } from './audit-log.ts';
import { users, type Contender, type ContenderOptions } from './contender.ts';
import { figuresOf, type Figures, type Measured } from './figures.ts';
import { watchProcess } from './process-watch.ts';
import { startSimulator } from './simulator-process.ts';
import { TimelineWatch } from './timeline.ts';

export interface BenchOptions {
  /** How many jobs of `blocks` units. */
  readonly jobs: number;
  readonly blocks: number;
  readonly qps: number;
  /** Over how many seconds the ends of units are spread, once all units were created. */
  readonly spreadSeconds: number;
}

export interface ContenderResult {
  readonly figures: Figures;
  readonly measured: Measured;
}

const namespace = 'bench';
const createdAtOnce = 16;
const patienceSeconds = 900;
/** How long a controller has to come to rest before its memory is read with all units there, and for the last time. */
const restSeconds = 10;

/**
 * Gives a controller all the jobs on an API server of its own, and measures it from outside.
 *
 * The results of prepare are held back until all have come, and then released at once; those of units are held back until
 * all unit Jobs are there, and then come over `spreadSeconds`.
 */
export async function runContender(
  start: (options: ContenderOptions) => Promise<Contender>,
  options: BenchOptions & { readonly report: (line: string) => void },
): Promise<ContenderResult> {
  const { jobs, blocks, qps, spreadSeconds, report } = options;
  await using logs = await mkdtempDisposable(join(tmpdir(), 'blockstill-bench-'));
  await using controlPlane = await startControlPlane({
    serverArguments: async () => await auditArguments(logs.path, Object.values(users)),
  });
  await controlPlane.createNamespace(namespace);
  const { kubeconfig } = controlPlane;
  await using watching = connect(kubeconfig, 'bench');
  await using timeline = await TimelineWatch.start(watching.client);
  await using simulator = await startSimulator(kubeconfig, blocks);
  await using contender = await start({ controlPlane, namespace, blocks, qps });
  await using watched = watchProcess(contender.pid);

  report(`creating ${jobs} jobs`);
  let next = 1;
  const createSome = async (): Promise<void> => {
    while (next <= jobs) await contender.create(next++);
  };
  await Promise.all(Array.from({ length: createdAtOnce }, createSome));
  await simulator.until('all results of prepare', ({ held }) => held === jobs, patienceSeconds);
  report('releasing the results of prepare');
  const releasedAt = systemClock.seconds();
  simulator.send({ release: 'Prepare' });
  await untilCount(timeline, 'distill', jobs * blocks);
  report(`all units are there after ${(systemClock.seconds() - releasedAt).toFixed(1)} s; ending them`);
  // Until the controller has seen them, and their pods.
  await delay(restSeconds * 1000);
  const samplesAtAllUnits = watched.samples.length;
  simulator.send({ release: 'Distill', spreadSeconds });
  await untilCount(timeline, 'finetune', jobs);
  await simulator.until('the last finetune', ({ finished }) => finished === jobs, patienceSeconds);
  await delay(restSeconds * 1000);
  const requests = await countRequests(auditLog(logs.path), contender.user);
  const measured: Measured = {
    timeline: timeline.read(),
    releasedAt,
    requests,
    samples: [...watched.samples],
    samplesAtAllUnits,
    children: jobs * (blocks + 2),
  };
  return { figures: figuresOf(measured), measured };
}

async function untilCount(
  timeline: TimelineWatch,
  stage: 'distill' | 'finetune',
  count: number,
): Promise<void> {
  const isThere = async () => (timeline.count(stage) >= count ? true : undefined);
  await waitFor(`${count} ${stage} Jobs`, isThere, patienceSeconds);
}
