import { coveredSeconds } from '../../operator/accounting/intervals.ts';
import { sentence } from '../../operator/decide/text.ts';
import { stageSchema, type Stage } from '../../worker/contract/primitives.ts';
import { buildBlocks } from './build-blocks.ts';
import { buildFacts } from './build-facts.ts';
import { buildHeadline } from './build-headline.ts';
import { buildTimeline, coveredSecondsOf } from './build-timeline.ts';
import { buildWarnings } from './build-warnings.ts';
import { noted } from './noted.ts';
import { begunPods, stageOfPod } from './pod-bars.ts';
import type { ReportInput } from './report-input.ts';
import type { AccuracyRow, Report } from './report-schema.ts';
import type { SegmentKind, Timeline } from './schema/timeline.ts';

/** Everything that there is to say of a job, as `report.json` holds it and the page shows it. */
export function buildReport(input: ReportInput, now: Date): Report {
  const { job, status, asOf, details, whyNoDetails } = input;
  const timeline = buildTimeline(input);
  const noFiles = whyNoDetails ?? "The job's files were not read.";
  return {
    version: 1,
    generated: now.toISOString(),
    asOf: asOf.toISOString(),
    job: {
      namespace: job.namespace,
      name: job.name,
      ...noted<{ uid: string }>({ uid: [job.uid, noFiles] }),
    },
    phase: status.phase ?? 'Pending',
    outcome: sentence(
      status.conditions?.find(({ type }) => type === 'Ready')?.message ?? 'Nothing is known of its state',
    ),
    sources: { files: details !== undefined, reason: details === undefined ? noFiles : null },
    headline: buildHeadline(input),
    warnings: buildWarnings(input, timeline),
    stages: stageTimes(input, timeline),
    accuracy: accuracyRows(input),
    blocks: buildBlocks(input),
    facts: buildFacts(input),
    ...noted<
      Omit<
        Pick<
          KnownReport,
          'timeline' | 'teacher' | 'student' | 'finetuning' | 'baseline' | 'speedup' | 'energy'
        >,
        never
      >
    >({
      timeline: [timeline, 'Nothing has started.'],
      teacher: [status.teacher, 'Prepare has not committed a plan.'],
      student: [status.student, 'There is no student yet.'],
      finetuning: [details?.finetune?.history, details === undefined ? noFiles : 'Finetune has not ended.'],
      baseline: [status.baseline, 'No serial run was asked for.'],
      speedup: [status.speedup, 'The status has none.'],
      energy: [status.energy, 'The status has none.'],
    }),
  };
}

type KnownReport = { [Key in keyof Report]: NonNullable<Report[Key]> };

const kindsOf = {
  Prepare: ['Prepare'],
  Baseline: ['Baseline'],
  Distill: ['StartUp', 'Teacher', 'Training', 'Other'],
  Finetune: ['Finetune'],
} as const satisfies Record<Stage, readonly SegmentKind[]>;

/** The time of a stage is that of its attempts, killed and running ones included. */
function stageTimes({ status, details }: ReportInput, timeline: Timeline | undefined): Report['stages'] {
  const counts = {
    Prepare: status.attempts?.prepare,
    Baseline: status.baseline?.attempts,
    Distill:
      details?.attempts.filter(({ stage }) => stage === 'Distill').length ??
      attemptsInPods(status, 'Distill'),
    Finetune: status.attempts?.finetune,
  };
  const isMeasured = status.baseline?.mode === 'Measure';
  const stages = stageSchema.options.filter((stage) => stage !== 'Baseline' || isMeasured);
  return stages.map((stage) => {
    const covered =
      details === undefined ? statusSeconds(status, timeline, stage) : attemptSeconds(details, stage);
    return {
      stage,
      ...noted<{ seconds: number; attempts: number }>({
        seconds: [covered === 0 ? undefined : covered, 'It has not started.'],
        attempts: [counts[stage], 'The status counts attempts by block.'],
      }),
    };
  });
}

function statusSeconds(
  status: ReportInput['status'],
  timeline: Timeline | undefined,
  stage: keyof typeof kindsOf,
): number {
  const pods = begunPods(status);
  if (pods.length > 0) {
    const own = pods.filter((pod) => stageOfPod(pod) === stage);
    return coveredSeconds(
      own.flatMap(({ startTime, endTime }) =>
        endTime === undefined
          ? []
          : [{ start: Date.parse(startTime) / 1000, end: Date.parse(endTime) / 1000 }],
      ),
    );
  }
  return timeline === undefined ? 0 : coveredSecondsOf(timeline, new Set<SegmentKind>(kindsOf[stage]));
}

/** Undefined where the status remembers no pod. */
function attemptsInPods(status: ReportInput['status'], stage: Stage): number | undefined {
  const pods = begunPods(status);
  if (pods.length === 0) return undefined;
  const own = pods.filter((pod) => stageOfPod(pod) === stage);
  return new Set(own.map(({ unit, attempt }) => `${unit} ${attempt}`)).size;
}

function attemptSeconds(details: NonNullable<ReportInput['details']>, stage: string): number {
  const intervals = details.attempts
    .filter((attempt) => attempt.stage === stage)
    .flatMap(({ startTime, endTime }) =>
      endTime === undefined ? [] : [{ start: startTime.getTime() / 1000, end: endTime.getTime() / 1000 }],
    );
  return coveredSeconds(intervals);
}

function accuracyRows({ status: { teacher, student } }: ReportInput): AccuracyRow[] {
  if (teacher?.accuracy === undefined) return [];
  const rows = [{ stage: 'Teacher' as const, accuracy: teacher.accuracy }, ...(student?.stages ?? [])];
  return rows.map(({ stage, accuracy }) => ({
    stage,
    chosen: stage !== 'Teacher' && stage === student?.chosen,
    ...noted<Pick<{ [Key in keyof AccuracyRow]: NonNullable<AccuracyRow[Key]> }, 'validation' | 'test'>>({
      validation: [accuracy.validation, accuracy.reason ?? 'It was not measured.'],
      test: [accuracy.test, accuracy.reason ?? 'It was not measured.'],
    }),
  }));
}
