/** The pods of the scale benchmark, in a process of their own; main.ts starts it and says when to go on. */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '../../../operator/kube/clock.ts';
import { connect } from '../../chaos/objects.ts';
import { PodSimulator } from '../../chaos/pod-simulator.ts';
import { PretendWorker } from '../../chaos/pretend-worker.ts';

/** What the benchmark says: go on with what is held back; units end spread over so many seconds. */
export type SimulatorCommand =
  { readonly release: 'Prepare' } | { readonly release: 'Distill'; readonly spreadSeconds: number };

/** What the simulator says, whenever that has changed. */
export interface SimulatorReport {
  /** Pods that hold a result of prepare back. */
  readonly held: number;
  /** Finetune results that are committed. */
  readonly finished: number;
}

const { values } = parseArgs({
  options: { kubeconfig: { type: 'string', default: '' }, blocks: { type: 'string', default: '5' } },
});
const gates = { Prepare: Promise.withResolvers<number>(), Distill: Promise.withResolvers<number>() };
let held = 0;
let finished = 0;

const worker = new PretendWorker({
  clock: systemClock,
  seed: 1,
  blocks: Array.from({ length: Number(values.blocks) }, (_, index) => `conv${index + 1}`),
  trainingSeconds: [0.01, 0.02],
  gate: async ({ stage }) => {
    if (stage === 'Prepare') {
      held += 1;
      await gates.Prepare.promise;
    } else if (stage === 'Distill') {
      await delay((await gates.Distill.promise) * 1000 * Math.random());
    } else finished += 1;
  },
});

process.on('message', (command: SimulatorCommand) => {
  gates[command.release].resolve(command.release === 'Distill' ? command.spreadSeconds : 0);
});
// Nobody is left to play for.
process.on('disconnect', () => process.exit());
setInterval(() => process.send?.({ held, finished } satisfies SimulatorReport), 200);

const { client } = connect(values.kubeconfig, 'simulator');
// GPUs are no limit here, and a pod's end is all that anyone waits for.
await PodSimulator.start({ client, worker, gpus: 1_000_000, wholeLife: false });
