import { availableParallelism } from 'node:os';
import { canonicalJson } from '../../common/digest.ts';
import { checkOutput } from '../../common/output-folder.ts';
import { contractVersion, type Accuracies } from '../contract/primitives.ts';
import type { FinetuneResult } from '../contract/unit-result.ts';
import { recalibrate, recalibrationBatches } from '../distill/recalibrate.ts';
import { createPause, type Pause } from '../interruption.ts';
import { costOf } from '../models/cost.ts';
import type { Network } from '../models/network.ts';
import { modelFileNames, saveNetwork } from '../models/save.ts';
import { openPlatform } from '../platform.ts';
import { openPlan, type PlannedInputs } from '../teacher/open-plan.ts';
import type { WorkContext } from '../work-context.ts';
import { acceptanceOf } from './acceptance.ts';
import { bestStage } from './best-stage.ts';
import { downstreamOf } from './downstream.ts';
import { measureLatency } from './measure-latency.ts';
import { publishStudent } from './publish-student.ts';
import { selectBlocks, type Selection } from './select-blocks.ts';
import { readDistilledBlocks, stitchStudent, type DistilledBlock } from './stitch-student.ts';
import {
  networkOf,
  openStudent,
  studentAccuracies,
  studentAccuracy,
  studentEndpoint,
  type StudentSession,
  type StudentSessionOptions,
} from './student-session.ts';
import { trainStudent, type FinetuneOutcome } from './train-student.ts';

interface StudentStage {
  readonly stage: FinetuneResult['student']['chosen'];
  readonly accuracy: Accuracies;
  readonly network: Network;
}

const studentFolder = 'student';
const latencyBatchSizes = [1, 64];
/** Between which shares of the whole stage the training lies. */
const tuningShare = { first: 0.05, last: 0.97 };

/**
 * Stitches the accepted replacements into the teacher, recalibrates BatchNorm, trains end to end, and keeps whichever
 * stage is best on validation. Test figures are reported and choose nothing.
 */
export async function finetune(context: WorkContext): Promise<FinetuneResult> {
  const { attempt, clock } = context;
  const startTime = clock.now();
  const started = clock.seconds();
  // Prepare has checked it, but for a manifest whose `output` may have been edited since.
  await checkOutput(context.spec);
  using inputs = await openPlan(context);
  // Not in the plan, which would be another one, with other blocks, on a machine with other cores.
  const threads = context.spec.spec.execution.threads.finetune ?? availableParallelism();
  const platform = openPlatform(context, threads);
  const pause = createPause(clock.seconds, context.signal);
  const tell = (activity: string, fraction: number): void =>
    context.report({ activity, fraction, samplesPerSecond: null, etaSeconds: null, blocks: [] });

  tell('Stitching', 0);
  const blocks = await readDistilledBlocks(context, inputs);
  const selection = await select(context, { inputs, blocks, pause });
  const replaced = selection.filter((block) => block.replaced).map((block) => block.name);
  const stitched = stitchStudent(inputs, blocks, replaced);
  const sessionOptions: StudentSessionOptions = {
    inputs,
    spec: context.spec.spec,
    student: stitched,
    downstream: downstreamOf(stitched, inputs.teacher),
  };
  using student = openStudent(sessionOptions);
  const judge = (): Promise<Accuracies> => studentAccuracies(sessionOptions, student, pause);
  const stages: StudentStage[] = [{ stage: 'Stitched', accuracy: await judge(), network: stitched }];
  if (replaced.length > 0) {
    tell('Recalibrating BatchNorm', tuningShare.first / 2);
    await recalibrateStudent(context, { inputs, student, pause });
    stages.push({ stage: 'Recalibrated', accuracy: await judge(), network: networkOf(stitched, student) });
  }
  let tuning: FinetuneOutcome = {
    best: undefined,
    history: [],
    earlierSeconds: 0,
    earlierEnergy: undefined,
  };
  if (replaced.length > 0 && context.spec.spec.finetune.epochs > 0) {
    tuning = await trainStudent({
      context,
      student,
      session: sessionOptions,
      platform: canonicalJson(platform),
      pause,
      judge: (between) =>
        studentAccuracy(sessionOptions, student, { split: inputs.dataset.validation, between }),
      share: tuningShare,
    });
    if (tuning.best !== undefined) {
      student.session.set(tuning.best);
      stages.push({ stage: 'Finetuned', accuracy: await judge(), network: networkOf(stitched, student) });
    }
  }

  const chosen = bestStage(stages);
  tell('Measuring latency', tuningShare.last);
  const latency = await measureLatency({
    teacher: inputs.teacher,
    student: chosen.network,
    device: platform.device,
    batchSizes: latencyBatchSizes,
    seconds: clock.seconds,
    between: pause,
  });
  const digest = await saveNetwork(chosen.network, attempt.path(studentFolder));
  const acceptance = acceptanceOf({
    teacher: inputs.plan.teacher.accuracy.validation,
    student: chosen.accuracy.validation,
    replaced: replaced.length,
    maxAccuracyDrop: context.spec.spec.acceptance.maxAccuracyDrop,
  });
  const artifacts = await Promise.all(
    modelFileNames.map((file) => attempt.artifact(`${studentFolder}/${file}`)),
  );
  const uri = acceptance.accepted
    ? await publishStudent(context, { folder: attempt.path(studentFolder), artifacts, digest })
    : null;
  const result: FinetuneResult = {
    version: contractVersion,
    stage: 'Finetune',
    jobUid: context.spec.job.uid,
    unit: context.spec.unit,
    attempt: context.spec.attempt.id,
    specDigest: context.spec.specDigest,
    planDigest: inputs.planDigest,
    platform,
    startTime: startTime.toISOString(),
    completionTime: clock.now().toISOString(),
    seconds: clock.seconds() - started + tuning.earlierSeconds,
    energy: await context.energy.mark(),
    ...(tuning.earlierEnergy === undefined ? {} : { earlierEnergy: tuning.earlierEnergy }),
    blocks: [...selection],
    teacher: {
      cost: inputs.plan.teacher.cost,
      accuracy: inputs.plan.teacher.accuracy,
      latency: [...latency.teacher],
    },
    student: {
      cost: costOf(chosen.network),
      stages: stages.map(({ stage, accuracy }) => ({ stage, accuracy })),
      chosen: chosen.stage,
      latency: [...latency.student],
      digest,
      uri,
    },
    ...acceptance,
    history: [...tuning.history],
    artifacts,
  };
  await attempt.commit(result);
  await attempt.clearAfter(result);
  return result;
}

async function select(
  context: WorkContext,
  options: {
    inputs: PlannedInputs;
    blocks: ReadonlyMap<string, DistilledBlock>;
    pause: Pause;
  },
): Promise<readonly Selection[]> {
  const { blocks, inputs, pause } = options;
  const teacher = inputs.plan.teacher.accuracy.validation;
  const failed = new Map(context.spec.failedBlocks?.map(({ name, reason }) => [name, reason]));
  const candidates = inputs.plan.blocks.map(({ name }) => {
    const block = blocks.get(name);
    const missing =
      block?.replacement === undefined
        ? (failed.get(name) ?? block?.result.reason ?? 'No unit has distilled it.')
        : undefined;
    return { name, score: block?.result.score ?? null, missing };
  });
  return selectBlocks(candidates, teacher, {
    ...context.spec.spec.stitch,
    stitchedDrop: async (names) => {
      const student = stitchStudent(inputs, blocks, names);
      const sessionOptions = {
        inputs,
        spec: context.spec.spec,
        student,
        downstream: downstreamOf(student, inputs.teacher),
      };
      using session = openStudent(sessionOptions);
      const { measure, value } = await studentAccuracy(sessionOptions, session, {
        split: inputs.dataset.validation,
        between: pause,
      });
      // Only blocks whose score is known get here, and with labels that needs a known teacher.
      return (measure === 'Top1' ? (teacher?.value ?? Number.NaN) : 1) - value;
    },
  });
}

async function recalibrateStudent(
  context: WorkContext,
  options: { inputs: PlannedInputs; student: StudentSession; pause: Pause },
): Promise<void> {
  const { inputs, student, pause } = options;
  const { execution, finetune: tuning, stitch } = context.spec.spec;
  const { train } = inputs.dataset;
  await recalibrate({
    session: student.session,
    targets: [{ endpoint: studentEndpoint.recalibrate, statistics: student.downstreamStatistics }],
    batches: recalibrationBatches(execution.seed, train.count, {
      batchSize: tuning.batchSize,
      count: stitch.recalibrationBatches,
    }),
    feeds: (rows) => student.plainFeed.feeds(train, rows),
    between: pause,
  });
}
