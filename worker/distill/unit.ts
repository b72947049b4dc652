import { InvalidInputError } from '../../common/error.ts';
import type { JobSpec } from '../contract/job-spec.ts';
import type { PlannedBlock } from '../contract/plan.ts';
import { augmentationTable, changesColour, changesGeometry } from '../data/augmentation.ts';
import { classifies, emitEvaluation } from '../evaluate/evaluation.ts';
import type { Augmentation } from '../data/dataset-spec.ts';
import { Graph } from '../graph/graph.ts';
import { openSession, type Session } from '../graph/session.ts';
import type { Operation } from '../graph/tensor.ts';
import { emitNetwork, variableValues } from '../models/emit.ts';
import { outputShapeOf } from '../models/network.ts';
import { initialWeights } from '../models/replacement.ts';
import { ImageFeed } from '../teacher/image-feed.ts';
import type { PlannedInputs } from '../teacher/open-plan.ts';
import { replacementOf } from '../teacher/replacement-of.ts';
import { emitTeacherPass, teacherPrefix } from '../teacher/teacher-pass.ts';
import type { WorkContext } from '../work-context.ts';
import { declareBuffers, type Buffers } from './buffers.ts';
import { chooseSource } from './choose-source.ts';
import { teachEndpoint, TeacherSource, type ActivationSource } from './activation-source.ts';
import { blockPrefix, emitBlock, type BlockGraph } from './block-graph.ts';
import { trainingLength } from './training-length.ts';

/** The graph, session and activations that train one unit's blocks. */
export interface Unit extends Disposable {
  readonly session: Session;
  readonly source: ActivationSource;
  readonly teacher: TeacherSource;
  readonly plainFeed: ImageFeed;
  readonly blocks: readonly BlockGraph[];
  /** Whether `source` gives unaugmented training activations. */
  readonly sourceIsPlain: boolean;
  /** Computes what the cache holds, if there is one. */
  fill(between: () => Promise<void>): Promise<void>;
  /** Puts the blocks' initial weights, functions of (seed, block), and fresh optimizer state in place. */
  initialise(blocks: readonly BlockGraph[]): void;
}

/** Answers of the untouched teacher, where there are no labels. */
export const teacherScoreEndpoint = 'score/teacher';

export function openUnit(context: WorkContext, inputs: PlannedInputs): Unit {
  const jobSpec = context.spec.spec;
  const { plan, dataset } = inputs;
  const planned = (context.spec.blocks ?? []).map((name) => plannedBlock(inputs, name));
  const graph = new Graph();
  const buffers = declareBuffers(graph, planned, plan.batchSize);
  const late: { session?: Session } = {};
  const session = (): Session => late.session ?? notOpen();

  const feed = (name: string, augmentation?: Augmentation): ImageFeed =>
    new ImageFeed(graph, name, {
      batchSize: plan.batchSize,
      dataset,
      preprocessing: jobSpec.dataset.preprocessing,
      augmentation,
    });
  const plainFeed = feed('plain');
  emitTeach(graph, { endpoint: teachEndpoint.plain, inputs, feed: plainFeed, buffers });
  const augmentation = jobSpec.dataset.augmentation;
  const augmentedFeed =
    changesGeometry(augmentation) || changesColour(augmentation)
      ? feed('augmented', augmentation)
      : undefined;
  if (augmentedFeed !== undefined)
    emitTeach(graph, { endpoint: teachEndpoint.augmented, inputs, feed: augmentedFeed, buffers });
  const teacher = new TeacherSource({
    session,
    dataset,
    plain: plainFeed,
    augmented: augmentedFeed && {
      feed: augmentedFeed,
      table: (pass) =>
        augmentationTable(augmentation, {
          seed: jobSpec.execution.seed,
          pass,
          count: dataset.train.count,
          ...dataset.image,
        }),
    },
  });
  const chosen = chooseSource(graph, {
    spec: jobSpec,
    device: inputs.device,
    scratch: context.scratch,
    cache: {
      session,
      teacher,
      buffers,
      batchSize: plan.batchSize,
      samples: plan.dataset.samples,
      // Without augmentation every epoch sees the same activations; a fresh pass an epoch can't be kept at all.
      passes: augmentedFeed === undefined ? 1 : augmentation.passes,
    },
  });
  const blocks = planned.map((block) =>
    emitPlannedBlock(graph, { block, inputs, buffers, feed: plainFeed, spec: jobSpec }),
  );
  if (classifies(outputShapeOf(inputs.teacher)) && dataset.validation.labels === undefined) {
    const pass = emitTeacherPass(teacherPassOf(inputs, plainFeed, [inputs.teacher.output]));
    emitEvaluation(graph, teacherScoreEndpoint, { output: pass.output, taps: pass.taps });
  }
  late.session = openSession(graph, { device: inputs.device });
  late.session.set(variableValues(inputs.teacher, teacherPrefix));

  return {
    session: late.session,
    source: chosen.source,
    teacher,
    plainFeed,
    blocks,
    sourceIsPlain: augmentedFeed === undefined,
    fill: chosen.fill,
    initialise: (graphs) => {
      const values = graphs.flatMap(({ block, replacement, step }) => {
        const weights = initialWeights(replacement, jobSpec.execution.seed, block.name);
        return [...variableValues({ ...replacement, weights }, blockPrefix(block.name)), ...step.initial];
      });
      session().set(new Map(values));
    },
    [Symbol.dispose]: () => {
      chosen.source[Symbol.dispose]();
      session()[Symbol.dispose]();
    },
  };
}

function plannedBlock({ plan }: PlannedInputs, name: string): PlannedBlock {
  const block = plan.blocks.find((each) => each.name === name);
  if (block !== undefined) return block;
  throw new InvalidInputError('unit/unknown-block', `The plan has no block "${name}".`, {
    hint: `It has: ${plan.blocks.map((each) => each.name).join(', ')}.`,
  });
}

function teacherPassOf({ teacher, plan }: PlannedInputs, feed: ImageFeed, wanted: readonly string[]) {
  return { network: teacher, images: feed.images, boundaries: plan.boundaries, wanted };
}

/** The endpoint that runs the teacher on a batch and leaves the boundary activations in the buffers. */
function emitTeach(
  graph: Graph,
  options: { endpoint: string; inputs: PlannedInputs; feed: ImageFeed; buffers: Buffers },
): void {
  const { endpoint, inputs, feed, buffers } = options;
  const pass = emitTeacherPass(teacherPassOf(inputs, feed, [...buffers.keys()]));
  const assignments: Operation[] = [];
  for (const [boundary, buffer] of buffers) {
    const activation = pass.outputs.get(boundary);
    if (activation !== undefined) assignments.push(graph.assign(buffer, activation));
  }
  graph.endpoint(endpoint, { run: [...pass.taps, ...assignments] });
}

function emitPlannedBlock(
  graph: Graph,
  options: { block: PlannedBlock; inputs: PlannedInputs; buffers: Buffers; feed: ImageFeed; spec: JobSpec },
): BlockGraph {
  const { block, inputs, buffers, feed, spec } = options;
  const replacement = replacementOf(inputs.teacher, block, spec);
  const { stepsPerEpoch } = trainingLength(spec, inputs.plan.dataset.samples.train);
  const emitted = emitBlock(graph, { block, replacement, buffers, spec, stepsPerEpoch });
  const swapped = emitTeacherPass({
    ...teacherPassOf(inputs, feed, [inputs.teacher.output]),
    substitute: {
      input: block.input,
      output: block.output,
      emit: (input) =>
        emitNetwork(replacement, {
          input,
          mode: 'inference',
          prefix: blockPrefix(block.name),
          scale: emitted.scale,
        }).output,
    },
  });
  const dense = !classifies(outputShapeOf(inputs.teacher));
  const untouched = dense ? emitTeacherPass(teacherPassOf(inputs, feed, [inputs.teacher.output])) : undefined;
  emitEvaluation(graph, emitted.endpoints.score, {
    output: swapped.output,
    teacherOutput: untouched?.output,
    taps: [...swapped.taps, ...(untouched?.taps ?? [])],
  });
  return emitted;
}

function notOpen(): never {
  throw new Error('the session is not open yet');
}
