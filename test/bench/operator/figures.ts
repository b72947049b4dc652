import type { RequestCounts } from './audit-log.ts';
import type { ProcessSample } from './process-watch.ts';
import type { Timeline } from './timeline.ts';

export interface Measured {
  readonly timeline: Timeline;
  /** When the results of prepare were released, on the timeline's clock. */
  readonly releasedAt: number;
  readonly requests: RequestCounts;
  /** Of the controller. */
  readonly samples: readonly ProcessSample[];
  /** How many samples there were when all units had come, the controller was at rest, and none had ended. */
  readonly samplesAtAllUnits: number;
  readonly children: number;
}

interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export interface Figures {
  /** Unit Jobs a second from the release until the last one was there. */
  readonly unitsPerSecond: number;
  /** The same between the first and the last tenth of them: without the start and the tail. */
  readonly unitsPerSecondBetween: number;
  readonly secondsToAllUnits: number;
  /** Seconds from the end of the last block's pod to the finetune Job. */
  readonly finetuneLatency: Percentiles;
  /** The same from when the last block's Job was Complete. */
  readonly finetuneAfterJob: Percentiles;
  readonly requestsPerChild: number;
  /** Processor time of the controller: what else the machine does hardly changes it. */
  readonly cpuSecondsPerChild: number;
  /** With all units there and none ended. */
  readonly liveBytes: number;
  readonly peakBytes: number;
  /** After all jobs were finished. */
  readonly finalBytes: number;
}

/** @throws Error when nothing was measured */
export function figuresOf(measured: Measured): Figures {
  const { timeline, releasedAt, requests, samples, samplesAtAllUnits, children } = measured;
  const units = timeline.created.distill.map((time) => time - releasedAt).toSorted((a, b) => a - b);
  const secondsToAllUnits = at(units, 1);
  const [tenth, nineTenths] = [at(units, 0.1), at(units, 0.9)];
  const bytes = samples.map(({ residentBytes }) => residentBytes);
  return {
    unitsPerSecond: units.length / secondsToAllUnits,
    unitsPerSecondBetween: (0.8 * units.length) / (nineTenths - tenth),
    secondsToAllUnits,
    finetuneLatency: percentilesOf(timeline.finetuneLatencies),
    finetuneAfterJob: percentilesOf(timeline.finetuneAfterJob),
    requestsPerChild: requests.total / children,
    cpuSecondsPerChild: (samples.at(-1)?.cpuSeconds ?? Number.NaN) / children,
    liveBytes: bytes[samplesAtAllUnits - 1] ?? Number.NaN,
    peakBytes: Math.max(...bytes),
    finalBytes: bytes.at(-1) ?? Number.NaN,
  };
}

function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: at(sorted, 0.5), p99: at(sorted, 0.99) };
}

/** The value that a share of all values doesn't exceed (nearest rank). */
function at(sorted: readonly number[], share: number): number {
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('Nothing was measured.');
  return value;
}
