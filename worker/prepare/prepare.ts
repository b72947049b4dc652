import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { contractVersion, type Artifact } from '../contract/primitives.ts';
import { planFiles, type Plan, type Profile } from '../contract/plan.ts';
import type { PrepareResult } from '../contract/unit-result.ts';
import { canonicalJson } from '../../common/digest.ts';
import { writeFileAtomically } from '../../common/files.ts';
import { checkOutput } from '../../common/output-folder.ts';
import { materialiseDataset } from '../data/materialise.ts';
import { openDataset, type Dataset } from '../data/dataset.ts';
import { mapInOrder } from '../data/map-in-order.ts';
import { constantAnswer } from '../evaluate/accuracy.ts';
import { classifies } from '../evaluate/evaluation.ts';
import { createPause } from '../interruption.ts';
import { costOf } from '../models/cost.ts';
import { inputShapeOf, outputShapeOf } from '../models/network.ts';
import { modelFileNames, saveNetwork } from '../models/save.ts';
import { openPlatform } from '../platform.ts';
import type { WorkContext } from '../work-context.ts';
import { chooseBlocks } from './choose-blocks.ts';
import { loadTeacher } from './load-teacher.ts';
import { measureTeacher, type TeacherMeasurements } from './measure-teacher.ts';
import { precisionWarnings } from './precision-warnings.ts';
import { profileReplacements } from './profile-replacements.ts';
import { resolveDataset } from './resolve-inputs.ts';
import { teacherWarnings } from './teacher-warnings.ts';

/** Read and, where the exchange is far away, uploaded; each upload holds a few parts in memory. */
const artifactsAtOnce = 4;
const folders = { teacher: 'teacher', data: 'data' } as const;

/**
 * Checks teacher and data, materialises the data, chooses the blocks, and writes the plan that everything later follows.
 */
export async function prepare(context: WorkContext): Promise<PrepareResult> {
  await checkOutput(context.spec);
  try {
    return await prepareChecked(context);
  } catch (error) {
    // The next attempt makes its own copy; what it was that went wrong matters more than that this one stays.
    await rm(context.attempt.path(folders.data), { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

async function prepareChecked(context: WorkContext): Promise<PrepareResult> {
  const { attempt, clock, signal } = context;
  const jobSpec = context.spec.spec;
  const downloads = join(context.scratch, 'downloads');
  const startTime = clock.now();
  const started = clock.seconds();
  const threads = jobSpec.execution.threads.prepare ?? availableParallelism();
  const platform = openPlatform(context, threads);
  const pause = createPause(clock.seconds, signal);
  const tell = (activity: string, fraction: number | null = null): void =>
    context.report({ activity, fraction, samplesPerSecond: null, etaSeconds: null, blocks: [] });

  tell('Reading the teacher');
  const teacher = await loadTeacher(jobSpec, {
    folder: downloads,
    s3: jobSpec.storage.s3,
    digest: context.spec.teacherDigest,
    signal,
  });
  const [height = 0, width = 0, channels = 0] = inputShapeOf(teacher);
  const output = outputShapeOf(teacher);
  const { blocks, kept, candidates } = chooseBlocks(teacher, jobSpec);

  tell('Materialising the data');
  const datasetSpec = await resolveDataset(jobSpec.dataset, {
    folder: downloads,
    s3: jobSpec.storage.s3,
    signal,
  });
  const { digest: datasetDigest } = await materialiseDataset(datasetSpec, {
    folder: attempt.path(folders.data),
    seed: jobSpec.execution.seed,
    expected: { height, width, channels, classes: classifies(output) ? output[0] : undefined },
    onProgress: (done, total) => tell('Materialising the data', done / total),
    signal,
  });
  using dataset = await openDataset(attempt.path(folders.data), { digest: datasetDigest, signal });
  const teacherDigest = await saveNetwork(teacher, attempt.path(folders.teacher));

  tell('Measuring the teacher');
  const boundaries = boundariesOf(
    blocks,
    teacher.layers.map((layer) => layer.name),
  );
  const measured = await measureTeacher({
    teacher,
    dataset,
    spec: jobSpec,
    device: platform.device,
    blocks,
    boundaries,
    between: pause,
    seconds: clock.seconds,
  });
  tell('Timing the replacements');
  const stepSeconds = await profileReplacements({
    teacher,
    spec: jobSpec,
    blocks,
    device: platform.device,
    between: pause,
    seconds: clock.seconds,
  });

  const plan: Plan = {
    version: contractVersion,
    specDigest: context.spec.specDigest,
    seed: jobSpec.execution.seed,
    batchSize: jobSpec.distill.batchSize,
    teacher: {
      path: folders.teacher,
      digest: teacherDigest,
      cost: costOf(teacher),
      inputShape: [height, width, channels],
      outputShape: [...output],
      accuracy: measured.accuracy,
    },
    dataset: {
      path: folders.data,
      digest: datasetDigest,
      classes: dataset.index.classes,
      samples: {
        train: dataset.train.count,
        validation: dataset.validation.count,
        test: dataset.test?.count ?? null,
      },
    },
    boundaries,
    blocks: blocks.map((block) => ({ ...block, meanSquare: measured.meanSquares.get(block.name) ?? 0 })),
    kept: [...kept],
    candidates: [...candidates],
    threads: {
      prepare: threads,
      distill: jobSpec.execution.threads.distill ?? distillThreads(blocks.length),
    },
    warnings: teacherWarnings(
      measured.accuracy,
      dataset.validation.labels === undefined ? null : constantAnswer(dataset.validation.labels),
    ),
  };
  const profile: Profile = {
    ...profileOf(platform.deviceName, measured, stepSeconds),
    warnings: precisionWarnings(jobSpec, context.cpuInfo),
  };
  const files = {
    plan: await writeDocument(context, planFiles.plan, plan),
    profile: await writeDocument(context, planFiles.profile, profile),
    artifacts: await dataArtifacts(context, dataset),
  };
  const result: PrepareResult = {
    version: contractVersion,
    stage: 'Prepare',
    jobUid: context.spec.job.uid,
    unit: context.spec.unit,
    attempt: context.spec.attempt.id,
    specDigest: context.spec.specDigest,
    platform,
    startTime: startTime.toISOString(),
    completionTime: clock.now().toISOString(),
    seconds: clock.seconds() - started,
    energy: await context.energy.mark(),
    ...files,
  };
  await attempt.commit(result);
  return result;
}

/** Every boundary once, in the teacher's order. */
function boundariesOf(
  blocks: readonly { input: string; output: string }[],
  order: readonly string[],
): string[] {
  const boundaries = new Set(blocks.flatMap(({ input, output }) => [input, output]));
  return order.filter((layer) => boundaries.has(layer));
}

/**
 * Threads of each block, settled once: bits depend on them, so where the manifest is silent they come from this machine's
 * cores and the number of blocks, and never from the number of workers or the load.
 */
function distillThreads(blocks: number): number {
  const cores = availableParallelism();
  return Math.max(1, Math.floor(cores / Math.min(cores, blocks)));
}

function profileOf(
  device: string,
  measured: TeacherMeasurements,
  steps: ReadonlyMap<string, number>,
): Omit<Profile, 'warnings'> {
  return {
    version: contractVersion,
    device,
    teacherSeconds: measured.teacherSeconds,
    blocks: [...steps].map(([name, stepSeconds]) => ({
      name,
      stepSeconds,
      prefixSeconds: measured.prefixSeconds.get(name) ?? 0,
    })),
  };
}

async function writeDocument(
  context: WorkContext,
  name: string,
  document: Plan | Profile,
): Promise<Artifact> {
  await writeFileAtomically(context.attempt.path(name), `${canonicalJson(document)}\n`);
  return context.attempt.artifact(name);
}

async function dataArtifacts(context: WorkContext, dataset: Dataset): Promise<Artifact[]> {
  const { splits } = dataset.index;
  const files = Object.values(splits).flatMap((split) =>
    'count' in split
      ? [...split.shards.map((shard) => shard.file), ...(split.labels === null ? [] : [split.labels.file])]
      : [],
  );
  const paths = [
    `${folders.data}/index.json`,
    ...files.map((file) => `${folders.data}/${file}`),
    ...modelFileNames.map((file) => `${folders.teacher}/${file}`),
  ];
  const artifacts: Artifact[] = [];
  for await (const artifact of mapInOrder(paths, artifactsAtOnce, (path) => context.attempt.artifact(path)))
    artifacts.push(artifact);
  return artifacts;
}
