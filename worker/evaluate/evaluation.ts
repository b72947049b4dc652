import type { Accuracy } from '../contract/primitives.ts';
import { batchesOf } from './batches.ts';
import type { DatasetSplit } from '../data/dataset.ts';
import type { Graph } from '../graph/graph.ts';
import { argMax, square, subtract, sum } from '../graph/nn.ts';
import type { Session, Values } from '../graph/session.ts';
import type { Operation, Tensor } from '../graph/tensor.ts';
import type { ImageFeed } from '../teacher/image-feed.ts';
import { imitation, shareOf, type DenseSums } from './accuracy.ts';

export interface EvaluationOutputs {
  /** The output that is judged, `[batch, classes]` or dense. */
  readonly output: Tensor;
  /** The teacher's output in the same graph; needed for dense outputs. */
  readonly teacherOutput?: Tensor | undefined;
  readonly taps?: readonly Operation[];
}

/** Whether a network classifies: one score a class; anything else is a dense output, judged by imitation. */
export function classifies(outputShape: readonly number[]): boolean {
  return outputShape.length === 1 && (outputShape[0] ?? 0) > 1;
}

/** Adds the endpoint `name` that {@link evaluate} runs. */
export function emitEvaluation(graph: Graph, name: string, outputs: EvaluationOutputs): void {
  const { output, teacherOutput, taps = [] } = outputs;
  if (classifies(output.shape.slice(1))) {
    graph.endpoint(name, { fetch: { predictions: argMax(output, -1) }, run: taps });
    return;
  }
  const target = teacherOutput ?? output;
  const axes = output.shape.slice(1).map((_, axis) => axis + 1);
  graph.endpoint(name, {
    fetch: {
      squaredErrors: sum(square(subtract(output, target)), { axes }),
      sum: sum(target, { axes }),
      squares: sum(square(target), { axes }),
    },
    run: taps,
  });
}

export interface EvaluateOptions {
  readonly session: Session;
  readonly endpoint: string;
  readonly feed: ImageFeed;
  readonly split: DatasetSplit;
  readonly batchSize: number;
  /** Right answers of a classifier: labels, or the teacher's predictions. */
  readonly reference: { readonly answers: Int32Array; readonly measure: 'Top1' | 'Agreement' } | undefined;
  /** Elements of one sample's output. */
  readonly elements: number;
  /** Called between batches; throws to stop. */
  readonly between: () => Promise<void>;
}

/** Runs an endpoint over a whole split, the last batch padded and its padding not counted. */
export async function evaluate(options: EvaluateOptions): Promise<Accuracy> {
  const { reference, split } = options;
  if (reference !== undefined) {
    const predictions = await predict(options);
    const right = predictions.reduce(
      (count, answer, row) => count + (answer === reference.answers[row] ? 1 : 0),
      0,
    );
    return shareOf(right, split.count, reference.measure);
  }
  const samples: DenseSums[] = [];
  await overSplit(options, (fetched, valid) => {
    const { squaredErrors, sum: sums, squares } = fetched as Record<string, Float32Array>;
    for (let row = 0; row < valid; row++) {
      samples.push({
        squaredErrors: squaredErrors?.[row] ?? Number.NaN,
        sum: sums?.[row] ?? Number.NaN,
        squares: squares?.[row] ?? Number.NaN,
        elements: options.elements,
      });
    }
  });
  return imitation(samples);
}

/** The classifier's answers for every sample of the split. */
export async function predict(options: Omit<EvaluateOptions, 'reference' | 'elements'>): Promise<Int32Array> {
  const predictions = new Int32Array(options.split.count);
  await overSplit(options, (fetched, valid, first) => {
    predictions.set((fetched['predictions'] as Int32Array).subarray(0, valid), first);
  });
  return predictions;
}

async function overSplit(
  options: Omit<EvaluateOptions, 'reference' | 'elements'>,
  take: (fetched: Record<string, Values>, valid: number, first: number) => void,
): Promise<void> {
  for (const { rows, valid, first } of batchesOf(options.split.count, options.batchSize)) {
    const feeds = await options.feed.feeds(options.split, rows);
    take(options.session.run(options.endpoint, feeds), valid, first);
    await options.between();
  }
}
