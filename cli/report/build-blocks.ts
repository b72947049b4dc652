import type { BlockStatus } from '../../crds/status.ts';
import { distillUnits } from '../../operator/decide/units.ts';
import type { PlannedBlock } from '../../worker/contract/plan.ts';
import type { EnergyReadings } from '../../worker/contract/energy-reading.ts';
import type { BlockResult, DistillResult } from '../../worker/contract/unit-result.ts';
import { scoreDrop } from '../render/score-drop.ts';
import { committedBy } from './build-timeline.ts';
import { inferenceAndMemory } from './inference-and-memory.ts';
import { noted } from './noted.ts';
import { begunPods, hasCommitted } from './pod-bars.ts';
import type { AttemptFacts, ReportDetails, ReportInput } from './report-input.ts';
import type { BlockReport } from './schema/block.ts';

interface Sources {
  readonly block: BlockStatus;
  readonly planned: PlannedBlock | undefined;
  readonly result: BlockResult | undefined;
  readonly unit: DistillResult | undefined;
  readonly unitName: string | undefined;
  readonly kept: boolean;
  /** Why a figure that only files know is unknown. */
  readonly noFiles: string;
  /** Why a figure of a result is unknown. */
  readonly noResult: string;
}

type Figures = Omit<BlockReport, 'unknown' | 'name' | 'layers' | 'state'>;

/** Every block of the job with all that status and files say of it. */
export function buildBlocks(input: ReportInput): BlockReport[] {
  const blocks = input.status.blocks ?? [];
  const started = blocks.flatMap(({ startTime }) => (startTime === undefined ? [] : [Date.parse(startTime)]));
  return blocks.map((block) => blockReport(sourcesOf(block, input), input, Math.min(...started)));
}

function sourcesOf(block: BlockStatus, { details, whyNoDetails }: ReportInput): Sources {
  const unit = details?.distill.find(({ blocks }) => blocks.some(({ name }) => name === block.name));
  const kept = block.state === 'Kept';
  const noFiles = kept
    ? 'The block is kept as it is.'
    : details === undefined
      ? (whyNoDetails ?? "The job's files were not read.")
      : 'Its unit has no committed result.';
  return {
    block,
    planned: details?.plan?.blocks.find(({ name }) => name === block.name),
    result: unit?.blocks.find(({ name }) => name === block.name),
    unit,
    unitName: unitName(block.name, details) ?? unit?.unit ?? block.unit,
    kept,
    noFiles,
    noResult: kept ? noFiles : 'Its unit has no committed result.',
  };
}

/** Also of a unit that has no result. */
function unitName(block: string, details: ReportDetails | undefined): string | undefined {
  return distillUnits({ units: details?.units ?? [] }).find(({ blocks }) => blocks.includes(block))?.name;
}

function blockReport(sources: Sources, input: ReportInput, firstStart: number): BlockReport {
  const { name, layers, state } = sources.block;
  const figures = noted<Required<{ [Key in keyof Figures]: NonNullable<Figures[Key]> }>>({
    ...networkFigures(sources, input.details),
    ...inferenceAndMemory(sources),
    ...trainingFigures(sources, input),
    ...runFigures(sources, input, firstStart),
  });
  return { name, layers, state, ...figures };
}

function networkFigures({ block, planned, kept, noFiles }: Sources, details: ReportDetails | undefined) {
  const noPlan = kept ? noFiles : details === undefined ? noFiles : 'There is no plan yet.';
  const times = details?.profile?.blocks.find(({ name }) => name === block.name);
  return {
    inputShape: [planned?.inputShape, noPlan],
    outputShape: [planned?.outputShape, noPlan],
    teacherCost: [planned?.teacher, noPlan],
    replacementCost: [planned?.replacement, noPlan],
    stepSeconds: [times?.stepSeconds, noPlan],
    prefixSeconds: [times?.prefixSeconds, noPlan],
  } as const;
}

function trainingFigures(
  { block, planned, result, kept, noFiles, noResult }: Sources,
  { status, details }: ReportInput,
) {
  const { loss = result?.loss } = block;
  const normalised = details?.spec?.distill.loss === 'NormalizedMSE';
  const raw =
    loss === undefined || loss === null || planned === undefined || details?.spec === undefined
      ? undefined
      : normalised
        ? loss * planned.meanSquare
        : loss;
  const whyNoRawLoss =
    result === undefined
      ? noFiles
      : details?.spec === undefined
        ? 'Whether the loss is normalised is unknown without the manifest.'
        : 'The loss was not finite.';
  const undecided = kept ? noFiles : 'Decided by finetune.';
  return {
    replaced: [block.replaced, undecided],
    verdict: [block.reason, 'There is nothing to say.'],
    trainings: [result?.trainings, noFiles],
    epochs: [result?.epochs, noFiles],
    stopReason: [result?.stopReason, noFiles],
    loss: [loss, result === undefined ? noResult : 'It was not finite.'],
    rawLoss: [raw, whyNoRawLoss],
    unexplainedVariance: [
      block.unexplainedVariance,
      result === undefined ? noResult : 'It was not finite, or not measured.',
    ],
    score: [block.score, result === undefined ? noResult : 'It was not measured.'],
    scoreDrop: [
      scoreDrop(block, status),
      block.score === undefined ? noResult : "The teacher's own is unknown.",
    ],
    history: [result?.history, noFiles],
  } as const;
}

function runFigures(
  { block, result, unit, unitName: ownUnit, kept, noFiles, noResult }: Sources,
  { details, status }: ReportInput,
  firstStart: number,
) {
  const own = details?.attempts.filter((attempt) => attempt.unit === ownUnit) ?? [];
  const endedWithout = (attempt: AttemptFacts): boolean =>
    details !== undefined && attempt.endTime !== undefined && committedBy(attempt, details) === undefined;
  const lost = begunPods(status).filter(
    (pod) => pod.unit === ownUnit && pod.endTime !== undefined && !hasCommitted(pod, status),
  );
  const inPods = begunPods(status).length === 0 ? undefined : lost.length;
  const interrupted =
    ownUnit === undefined ? undefined : details === undefined ? inPods : own.filter(endedWithout).length;
  const notStarted = kept ? noFiles : 'It has not started.';
  const unmetered = block.completionTime === undefined ? noResult : whyNoJoules(unit);
  const unsaid = unit === undefined ? noFiles : 'Its meters do not say.';
  return {
    unit: [ownUnit, noFiles],
    attempts: [block.attempts, kept ? noFiles : 'No attempt was counted.'],
    interrupted: [interrupted, noFiles],
    activations: [unit?.activations, noFiles],
    device: [unit?.platform.deviceName ?? block.gpu, noResult],
    node: [block.node, kept ? noFiles : 'The job ran on one machine, or the node was not recorded.'],
    startTime: [block.startTime, notStarted],
    completionTime: [block.completionTime, noResult],
    waitedSeconds: [
      block.startTime === undefined ? undefined : (Date.parse(block.startTime) - firstStart) / 1000,
      notStarted,
    ],
    seconds: [block.seconds, noResult],
    imagesPerSecond: [
      imagesPerSecond(result, details),
      result === undefined ? noFiles : 'It was trained more than once, or not at all.',
    ],
    joules: [block.joules, unmetered],
    energyMethod: [
      block.joules === undefined ? undefined : energyMethod(unit),
      block.joules === undefined ? unmetered : unsaid,
    ],
  } as const;
}

function whyNoJoules(unit: DistillResult | undefined): string {
  if (unit !== undefined && unit.blocks.length > 1) {
    return "Its unit trained several blocks with one pass of the teacher: what each of them drew can't be told apart.";
  }
  const why = readingsOf(unit).flatMap(({ joules, kind, reason }) =>
    joules === null ? [`${kind}: ${reason ?? 'it was not read'}`] : [],
  );
  return why.length === 0
    ? "It is not known of every attempt of the job, or units shared a device: the job's energy says more."
    : `${[...new Set(why)].join('; ')}.`;
}

/** The weaker one of its devices' methods. */
function energyMethod(unit: DistillResult | undefined): string | undefined {
  const methods = readingsOf(unit).flatMap(({ joules, method }) => (joules === null ? [] : (method ?? [])));
  return methods.find((method) => method === 'SampledPower') ?? methods[0];
}

/** Of all attempts at it. */
function readingsOf(unit: DistillResult | undefined): EnergyReadings {
  return [...(unit?.earlierEnergy ?? []), ...(unit?.energy ?? [])];
}

/** The seconds count all trainings of a block, the epochs only its last one. */
function imagesPerSecond(
  result: BlockResult | undefined,
  details: ReportDetails | undefined,
): number | undefined {
  const images = details?.plan?.dataset.samples.train;
  if (result === undefined || images === undefined || result.trainings > 1 || result.seconds === 0)
    return undefined;
  return result.epochs === 0 ? undefined : (result.epochs * images) / result.seconds;
}
