import { secondsOnlyIn, union, type Interval } from '../../operator/accounting/intervals.ts';
import { distillUnits } from '../../operator/decide/units.ts';
import type { DistillResult } from '../../worker/contract/unit-result.ts';
import { assignLanes, type Placed } from './assign-lanes.ts';
import { begunPods, podBars } from './pod-bars.ts';
import { statusBars } from './status-bars.ts';
import type { AttemptFacts, ReportDetails, ReportInput } from './report-input.ts';
import { segmentKinds, type Segment, type Timeline } from './schema/timeline.ts';

/** A stretch of one attempt, or of one block where no more is known, in seconds since 1970. */
export interface Bar extends Interval {
  readonly device: string;
  readonly distilling: boolean;
  readonly attempt: number | null;
  readonly note: string | null;
  /** Its parts, in order, which fill it. */
  readonly parts: readonly Part[];
}

export interface Part {
  readonly kind: Segment['kind'];
  readonly seconds: number;
  readonly blocks: readonly string[];
}

/** What ran where and when; undefined when nothing has started. */
export function buildTimeline({ status, asOf, details }: ReportInput): Timeline | undefined {
  const now = asOf.getTime() / 1000;
  const fromAttempts = details !== undefined && details.attempts.length > 0;
  const fromPods = !fromAttempts && begunPods(status).length > 0;
  const bars = fromAttempts
    ? attemptBars(details, now)
    : fromPods
      ? podBars(status, now)
      : statusBars(status, now);
  if (bars.length === 0) return undefined;
  const origin = Math.min(...bars.map(({ start }) => start));
  const seconds = Math.max(...bars.map(({ end }) => end)) - origin;
  const suspensions = clipped(fromAttempts ? details.suspensions : statusSuspensions(status, now), {
    start: origin,
    end: origin + seconds,
  });
  const { lanes, placed } = assignLanes(bars);
  const busy = placed.flatMap((bar) => partsOf(bar, origin));
  const segments = [...busy, ...idleSegments(placed, { lanes: lanes.length, suspensions, origin })];
  return {
    origin: new Date(origin * 1000).toISOString(),
    seconds,
    basis: fromAttempts || fromPods ? 'Attempts' : 'Status',
    lanes: [...lanes],
    segments,
    suspensions: suspensions.map(({ start, end }) => ({ start: start - origin, end: end - origin })),
    secondsByKind: secondsByKind(segments),
  };
}

function attemptBars(details: ReportDetails, now: number): Bar[] {
  return details.attempts.map((attempt) => {
    const [start, end] = [
      attempt.startTime.getTime() / 1000,
      (attempt.endTime?.getTime() ?? now * 1000) / 1000,
    ];
    const length = Math.max(0, end - start);
    return {
      start,
      end: start + length,
      device: attempt.device,
      distilling: attempt.stage === 'Distill',
      attempt: attempt.number,
      note: attempt.message ?? null,
      parts: attemptParts(attempt, details, length),
    };
  });
}

function attemptParts(attempt: AttemptFacts, details: ReportDetails, length: number): Part[] {
  const result = committedBy(attempt, details);
  const blocks = blocksOf(attempt, details);
  const whole = (kind: Part['kind']): Part[] => [{ kind, seconds: length, blocks }];
  if (result === undefined) return whole(attempt.endTime === undefined ? 'Running' : 'Killed');
  return result.stage === 'Distill' ? splitUnit(result, length) : whole(result.stage);
}

/**
 * The parts of a committed attempt: its result knows their seconds, over all attempts; where earlier ones left a
 * checkpoint, that is more than this one took, and the parts keep their proportions. Start-up is what no result counts.
 */
function splitUnit(result: DistillResult, length: number): Part[] {
  const scale = result.seconds > length ? length / result.seconds : 1;
  const all = result.blocks.map(({ name }) => name);
  return [
    { kind: 'StartUp', seconds: length - result.seconds * scale, blocks: all },
    { kind: 'Teacher', seconds: result.sharedSeconds * scale, blocks: all },
    ...result.blocks.map(({ name, seconds }): Part => ({
      kind: 'Training',
      seconds: seconds * scale,
      blocks: [name],
    })),
  ];
}

export function committedBy(
  { unit, id }: AttemptFacts,
  { prepare, baseline, distill, finetune }: ReportDetails,
) {
  return [prepare, baseline, ...distill, finetune].find(
    (result) => result?.unit === unit && result.attempt === id,
  );
}

/** Without the units, only those of finished ones are known. */
function blocksOf({ unit }: AttemptFacts, { units = [], distill }: ReportDetails): readonly string[] {
  const planned = distillUnits({ units }).find(({ name }) => name === unit)?.blocks;
  return planned ?? distill.find((result) => result.unit === unit)?.blocks.map(({ name }) => name) ?? [];
}

/** Shorter than this, a part is an error of rounding. */
const shortest = 1e-6;

function partsOf({ lane, start, attempt, note, parts }: Placed<Bar>, origin: number): Segment[] {
  let at = start - origin;
  return parts.flatMap(({ kind, seconds, blocks }) => {
    const segment = { lane, kind, start: at, end: at + seconds, blocks: [...blocks], attempt, note };
    at = segment.end;
    return seconds > shortest ? [segment] : [];
  });
}

interface IdleOptions {
  readonly lanes: number;
  readonly suspensions: readonly Interval[];
  readonly origin: number;
}

/** While units are trained, a lane on which nothing runs is a device that is paid for; time in which the job stood still is not. */
function idleSegments(
  placed: readonly Placed<Bar>[],
  { lanes, suspensions, origin }: IdleOptions,
): Segment[] {
  const distilling = placed.filter((bar) => bar.distilling);
  if (distilling.length === 0) return [];
  const phase = {
    start: Math.min(...distilling.map(({ start }) => start)),
    end: Math.max(...distilling.map(({ end }) => end)),
  };
  return Array.from({ length: lanes }, (_, lane) => lane)
    .filter((lane) => distilling.some((bar) => bar.lane === lane))
    .flatMap((lane) =>
      gapsIn(phase, [...placed.filter((bar) => bar.lane === lane), ...suspensions]).map(
        ({ start, end }): Segment => ({
          lane,
          kind: 'Idle',
          start: start - origin,
          end: end - origin,
          blocks: [],
          attempt: null,
          note: null,
        }),
      ),
    );
}

function gapsIn(within: Interval, covered: readonly Interval[]): Interval[] {
  const edges = clipped(covered, within);
  const starts = [within.start, ...edges.map(({ end }) => end)];
  const ends = [...edges.map(({ start }) => start), within.end];
  return starts
    .map((start, index) => ({ start, end: ends[index] ?? within.end }))
    .filter(({ start, end }) => end - start > shortest);
}

/** The parts of some intervals within another, merged and in order. */
function clipped(intervals: readonly Interval[], { start, end }: Interval): Interval[] {
  return union(
    intervals.map((each) => ({ start: Math.max(start, each.start), end: Math.min(end, each.end) })),
  );
}

function statusSuspensions({ suspensions = [] }: ReportInput['status'], now: number): Interval[] {
  return suspensions.map(({ startTime, endTime }) => ({
    start: Date.parse(startTime) / 1000,
    end: endTime === undefined ? now : Date.parse(endTime) / 1000,
  }));
}

function secondsByKind(segments: readonly Segment[]): Timeline['secondsByKind'] {
  return segmentKinds
    .map((kind) => ({
      kind,
      seconds: segments
        .filter((segment) => segment.kind === kind)
        .reduce((total, { start, end }) => total + (end - start), 0),
    }))
    .filter(({ seconds }) => seconds > shortest);
}

/** Wall-clock seconds during which at least one bar of some kinds ran, suspended time left out. */
export function coveredSecondsOf(timeline: Timeline, kinds: ReadonlySet<Segment['kind']>): number {
  const covering = timeline.segments.filter(({ kind }) => kinds.has(kind));
  return secondsOnlyIn({ start: 0, end: timeline.seconds }, covering, timeline.suspensions);
}
