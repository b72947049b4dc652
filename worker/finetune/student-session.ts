import type { Accuracies, Accuracy } from '../contract/primitives.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import { changesColour, changesGeometry } from '../data/augmentation.ts';
import type { DatasetSplit } from '../data/dataset.ts';
import { stepsPerEpoch } from '../data/order.ts';
import { classifies, emitEvaluation, evaluate, predict } from '../evaluate/evaluation.ts';
import { Graph } from '../graph/graph.ts';
import { openSession, type Session } from '../graph/session.ts';
import { elementCount, type Tensor, type Variable } from '../graph/tensor.ts';
import { emitTrainStep, type TrainStep } from '../graph/train-step.ts';
import { emitNetwork, variableValues } from '../models/emit.ts';
import { logitsOf } from '../models/logits.ts';
import { outputShapeOf, type Network } from '../models/network.ts';
import { studentLoss } from './student-loss.ts';
import { ImageFeed } from '../teacher/image-feed.ts';
import type { PlannedInputs } from '../teacher/open-plan.ts';
import { emitTeacherPass, teacherPrefix } from '../teacher/teacher-pass.ts';

const studentPrefix = 'student/';

/** The student in a session: it can be judged, recalibrated and trained end to end. */
export interface StudentSession extends Disposable {
  readonly session: Session;
  readonly plainFeed: ImageFeed;
  /** Augmented where the manifest says so. */
  readonly trainFeed: ImageFeed;
  readonly step: TrainStep;
  /** Trained weights and BatchNorm statistics. */
  readonly weights: readonly Variable[];
  /** BatchNorm statistics of the replacements and of all that is behind them. */
  readonly downstreamStatistics: readonly string[];
}

export const studentEndpoint = {
  /** Takes a batch's images and labels into the session and runs the teacher on them. */
  load: 'load',
  train: 'train',
  /** Leaves the batch's own statistics in the BatchNorm variables. */
  recalibrate: 'recalibrate',
  evaluate: 'evaluate',
  /** The teacher's answers, where there are no labels. */
  teacher: 'teacher',
} as const;

export const labelsPlaceholder = 'labels';

export interface StudentSessionOptions {
  readonly inputs: PlannedInputs;
  readonly spec: JobSpec;
  readonly student: Network;
  /** The replacements' layers, and all layers behind one of them. */
  readonly downstream: ReadonlySet<string>;
}

export function openStudent(options: StudentSessionOptions): StudentSession {
  const { inputs, spec, student } = options;
  const graph = new Graph();
  const batchSize = spec.finetune.batchSize;
  const feedOptions = { batchSize, dataset: inputs.dataset, preprocessing: spec.dataset.preprocessing };
  const plainFeed = new ImageFeed(graph, 'plain', feedOptions);
  const augments = changesGeometry(spec.dataset.augmentation) || changesColour(spec.dataset.augmentation);
  const trainFeed = augments
    ? new ImageFeed(graph, 'augmented', { ...feedOptions, augmentation: spec.dataset.augmentation })
    : plainFeed;

  const images = graph.variable('buffer/images', trainFeed.images.shape);
  const labels = graph.variable('buffer/labels', [batchSize], 'int32');
  const target = emitTarget(graph, { inputs, trainFeed, images, labels });
  const perEpoch = stepsPerEpoch(inputs.dataset.train.count, batchSize);
  const steps = Math.max(1, perEpoch * spec.finetune.epochs);
  const trained = emitNetwork(logitsOf(student).network, {
    input: graph.read(images),
    mode: 'training',
    prefix: studentPrefix,
    precision: spec.execution.precision,
    batchNormMomentum: batchNormMomentum(steps),
  });
  const step = emitTrainStep(graph, {
    name: studentEndpoint.train,
    batchSize,
    stepsPerEpoch: perEpoch,
    optimizer: spec.finetune.optimizer,
    build: () => ({
      loss: studentLoss(
        {
          classifies: classifies(outputShapeOf(inputs.teacher)),
          labelWeight: inputs.dataset.train.labels === undefined ? 0 : spec.finetune.labelWeight,
          temperature: spec.finetune.temperature,
        },
        { output: trained.output, target, labels: graph.read(labels) },
      ),
      variables: trained.variables,
      updates: trained.updates,
    }),
  });
  const recalibrated = emitNetwork(student, {
    input: plainFeed.images,
    mode: (layer) => (options.downstream.has(layer) ? 'training' : 'inference'),
    prefix: studentPrefix,
    batchNormMomentum: 0,
  });
  graph.endpoint(studentEndpoint.recalibrate, { run: recalibrated.updates });
  emitJudgement(graph, options, plainFeed);

  const session = openSession(graph, { device: inputs.device });
  session.set(variableValues(inputs.teacher, teacherPrefix));
  session.set(new Map([...variableValues(student, studentPrefix), ...step.initial]));
  return {
    session,
    plainFeed,
    trainFeed,
    step,
    weights: [...trained.variables, ...trained.state],
    downstreamStatistics: recalibrated.state
      .filter(({ name }) => options.downstream.has(name.slice(studentPrefix.length, name.lastIndexOf('/'))))
      .map((variable) => variable.name),
    [Symbol.dispose]: () => session[Symbol.dispose](),
  };
}

/**
 * How much of BatchNorm's averages a fine-tuning step keeps. Teachers bring 0.99 or 0.999, made for tens of thousands of
 * steps; in a short fine-tuning such averages would still describe the student as it was before.
 */
function batchNormMomentum(steps: number): number {
  return Math.min(0.99, Math.max(0.9, 1 - 50 / steps));
}

/** The endpoint that loads a batch: images and labels into buffers, and what the teacher makes of them. */
function emitTarget(
  graph: Graph,
  options: { inputs: PlannedInputs; trainFeed: ImageFeed; images: Variable; labels: Variable },
): Tensor {
  const { inputs, trainFeed, images, labels } = options;
  const network = logitsOf(inputs.teacher).network;
  const pass = emitTeacherPass({
    network,
    images: trainFeed.images,
    boundaries: inputs.plan.boundaries,
    wanted: [network.output],
  });
  const target = graph.variable('buffer/target', pass.output.shape);
  const fed = graph.placeholder(labelsPlaceholder, labels.shape, 'int32');
  graph.endpoint(studentEndpoint.load, {
    run: [
      ...pass.taps,
      graph.assign(images, trainFeed.images),
      graph.assign(labels, fed),
      graph.assign(target, pass.output),
    ],
  });
  return graph.read(target);
}

function emitJudgement(graph: Graph, { inputs, student }: StudentSessionOptions, feed: ImageFeed): void {
  const judged = emitNetwork(student, { input: feed.images, mode: 'inference', prefix: studentPrefix });
  const teacher = emitTeacherPass({
    network: inputs.teacher,
    images: feed.images,
    boundaries: inputs.plan.boundaries,
    wanted: [inputs.teacher.output],
  });
  const dense = !classifies(outputShapeOf(inputs.teacher));
  emitEvaluation(graph, studentEndpoint.evaluate, {
    output: judged.output,
    ...(dense ? { teacherOutput: teacher.output, taps: teacher.taps } : {}),
  });
  if (!dense) emitEvaluation(graph, studentEndpoint.teacher, { output: teacher.output, taps: teacher.taps });
}

/** Top-1 where there are labels, agreement with the teacher where there are none, imitation of a dense output. */
export async function studentAccuracy(
  { inputs, spec }: StudentSessionOptions,
  { session, plainFeed }: StudentSession,
  judged: { readonly split: DatasetSplit; readonly between: () => Promise<void> },
): Promise<Accuracy> {
  const { split } = judged;
  const shape = outputShapeOf(inputs.teacher);
  const options = { session, feed: plainFeed, batchSize: spec.finetune.batchSize, ...judged };
  const answered = { ...options, endpoint: studentEndpoint.evaluate };
  if (!classifies(shape)) {
    return evaluate({ ...answered, reference: undefined, elements: elementCount(shape) });
  }
  const reference =
    split.labels === undefined
      ? {
          answers: await predict({ ...options, endpoint: studentEndpoint.teacher }),
          measure: 'Agreement' as const,
        }
      : { answers: split.labels, measure: 'Top1' as const };
  return evaluate({ ...answered, reference, elements: 1 });
}

/** On validation and test; without test data the test figure is unknown, and the reason says so. */
export async function studentAccuracies(
  options: StudentSessionOptions,
  student: StudentSession,
  between: () => Promise<void>,
): Promise<Accuracies> {
  const { validation, test, testReason } = options.inputs.dataset;
  return {
    validation: await studentAccuracy(options, student, { split: validation, between }),
    test: test === undefined ? null : await studentAccuracy(options, student, { split: test, between }),
    ...(testReason === undefined ? {} : { reason: testReason }),
  };
}

/** The student with the weights that the session holds. */
export function networkOf(student: Network, { session, weights }: StudentSession): Network {
  const values = session.get(weights.map((variable) => variable.name));
  const trained = new Map(student.weights);
  for (const { name, shape } of weights) {
    const value = values.get(name);
    if (value instanceof Float32Array)
      trained.set(name.slice(studentPrefix.length), { shape, values: value.slice() });
  }
  return { ...student, weights: trained };
}
