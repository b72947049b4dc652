import type { JobSpec } from '../contract/job-spec.ts';
import { blockPrefix, emitBlock } from '../distill/block-graph.ts';
import { declareBuffers } from '../distill/buffers.ts';
import { Graph } from '../graph/graph.ts';
import { openSession } from '../graph/session.ts';
import { elementCount } from '../graph/tensor.ts';
import { variableValues } from '../models/emit.ts';
import type { Network } from '../models/network.ts';
import { initialWeights } from '../models/replacement.ts';
import { replacementOf } from '../teacher/replacement-of.ts';
import { median } from '../evaluate/median.ts';
import type { UnmeasuredBlock } from './measure-teacher.ts';

export interface ProfileOptions {
  readonly teacher: Network;
  readonly spec: JobSpec;
  readonly blocks: readonly UnmeasuredBlock[];
  readonly device: 'CPU' | 'GPU';
  readonly between: () => Promise<void>;
  readonly seconds: () => number;
}

const warmUps = 2;
const repeats = 5;

/** Median seconds of one training step of each replacement, by block name, one block at a time on made-up activations. */
export async function profileReplacements(options: ProfileOptions): Promise<Map<string, number>> {
  const steps = new Map<string, number>();
  for (const block of options.blocks) {
    steps.set(block.name, await timeSteps(options, block));
  }
  return steps;
}

async function timeSteps(options: ProfileOptions, block: UnmeasuredBlock): Promise<number> {
  const { teacher, spec, device, seconds } = options;
  const graph = new Graph();
  const replacement = replacementOf(teacher, block, spec);
  const buffers = declareBuffers(graph, [block], spec.distill.batchSize);
  const { step } = emitBlock(graph, {
    block: { ...block, meanSquare: 1 },
    replacement,
    buffers,
    spec,
    stepsPerEpoch: warmUps + repeats,
  });
  using session = openSession(graph, { device });
  const weights = initialWeights(replacement, spec.execution.seed, block.name);
  session.set(
    new Map([...variableValues({ ...replacement, weights }, blockPrefix(block.name)), ...step.initial]),
  );
  for (const { name, shape } of buffers.values()) {
    session.set(new Map([[name, waves(elementCount(shape))]]));
    await options.between();
  }
  session.set(step.startEpoch({ firstStep: 0, rates: new Float32Array(warmUps + repeats).fill(1e-3) }));
  const times: number[] = [];
  for (let run = 0; run < warmUps + repeats; run++) {
    const start = seconds();
    session.run(step.endpoint);
    if (run >= warmUps) times.push(seconds() - start);
    await options.between();
  }
  return median(times);
}

/** Values like activations: neither constant nor denormal, which would be faster or slower than real ones. */
function waves(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, index) => Math.max(0, Math.sin(index)));
}
