import * as z from 'zod';

const amount = z.number().nonnegative();

/**
 * The energy of one device over a span of time: plain data, so that checkpoints and results can hold it.
 *
 * A GPU's is that of the whole card. A processor package's and its memory's is that of everything that ran on them, not of
 * one process: units that share a node all see the same joules.
 */
export const energyReadingSchema = z.object({
  /** A GPU's UUID, or `package-0`, `dram-0`; `GPU`, `CPU` where none could be found. */
  device: z.string(),
  kind: z.enum(['GPU', 'CPU', 'DRAM']),
  model: z.string().optional(),
  /** All of it, or null when a part is unknown or not this process' alone; the reason says why. */
  joules: amount.nullable(),
  /** The part that is known; equal to `joules` when that is. */
  knownJoules: amount,
  /** `Counter`: the device's own energy counter. `SampledPower`: power 10 times a second, by the trapezoidal rule. */
  method: z.enum(['Counter', 'SampledPower']).optional(),
  /** How many percent more the sampled power says than the counter; absent where not both are known. */
  deviationPercent: z.number().optional(),
  /** Times at which more than three samples in a row were missing. */
  gaps: z.int().nonnegative(),
  /** How long these gaps were together. */
  gapSeconds: amount,
  /** Seconds whose joules come from sampled power though the method is `Counter`, since the counter was reset. */
  estimatedSeconds: amount,
  /** The time that `knownJoules` are for. */
  seconds: amount,
  /** Null where the joules are. */
  meanWatts: amount.nullable(),
  /** Mean power before the unit began, where an idle baseline was asked for. */
  idleWatts: amount.optional(),
  /**
   * Of GPUs: `None` where every look has shown no process but this one; `Unknown` where this process can't know, as in a
   * container, which sees only how many there are. `Shared`: others were on it, so that joules are null.
   */
  sharing: z.enum(['None', 'Unknown', 'Shared']).optional(),
  /** Why joules are null, or what to bear in mind about them. */
  reason: z.string().optional(),
});
export type EnergyReading = z.infer<typeof energyReadingSchema>;

export const energyReadingsSchema = z.array(energyReadingSchema).readonly();
export type EnergyReadings = z.infer<typeof energyReadingsSchema>;

/** The reading of a device that there is no meter for. */
export function unknownReading(
  device: Pick<EnergyReading, 'device' | 'kind' | 'model' | 'sharing'>,
  reason: string,
): EnergyReading {
  return {
    ...device,
    joules: null,
    knownJoules: 0,
    gaps: 0,
    gapSeconds: 0,
    estimatedSeconds: 0,
    seconds: 0,
    meanWatts: null,
    reason,
  };
}

/**
 * What several attempts at a unit have used, by device. A device is the same when its name and its model are: attempts may
 * have run on different nodes. Where one attempt's joules are null, so is the sum, with the reason; what is known of it
 * stays in `knownJoules`.
 */
export function addReadings(earlier: EnergyReadings, later: EnergyReadings): EnergyReading[] {
  const sums = new Map(earlier.map((reading) => [keyOf(reading), reading]));
  for (const reading of later) {
    const before = sums.get(keyOf(reading));
    sums.set(keyOf(reading), before === undefined ? reading : add(before, reading));
  }
  return [...sums.values()];
}

function keyOf({ kind, device, model }: EnergyReading): string {
  return JSON.stringify([kind, device, model]);
}

function add(earlier: EnergyReading, later: EnergyReading): EnergyReading {
  const both = [earlier, later] as const;
  const joules = sumOrNull(earlier.joules, later.joules);
  const seconds = earlier.seconds + later.seconds;
  const method = weaker(earlier.method, later.method);
  const deviationPercent = mean(both, 'deviationPercent', ({ knownJoules }) => knownJoules);
  const idleWatts = mean(both, 'idleWatts', (reading) => reading.seconds);
  const reasons = new Set(both.flatMap(({ reason }) => reason?.split(separator) ?? []));
  const sharing = lessSure(earlier.sharing, later.sharing);
  return {
    device: earlier.device,
    kind: earlier.kind,
    ...(earlier.model === undefined ? {} : { model: earlier.model }),
    joules,
    knownJoules: earlier.knownJoules + later.knownJoules,
    ...(method === undefined ? {} : { method }),
    ...(deviationPercent === undefined ? {} : { deviationPercent }),
    gaps: earlier.gaps + later.gaps,
    gapSeconds: earlier.gapSeconds + later.gapSeconds,
    estimatedSeconds: earlier.estimatedSeconds + later.estimatedSeconds,
    seconds,
    meanWatts: joules === null || seconds === 0 ? null : joules / seconds,
    ...(idleWatts === undefined ? {} : { idleWatts }),
    ...(sharing === undefined ? {} : { sharing }),
    ...(reasons.size === 0 ? {} : { reason: [...reasons].join(separator) }),
  };
}

const separator = '; ';

function sumOrNull(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one + other;
}

function lessSure(
  one: EnergyReading['sharing'],
  other: EnergyReading['sharing'],
): EnergyReading['sharing'] | undefined {
  return (['Shared', 'Unknown'] as const).find((each) => one === each || other === each) ?? other;
}

function weaker(
  one: EnergyReading['method'],
  other: EnergyReading['method'],
): EnergyReading['method'] | undefined {
  return one === 'SampledPower' || other === 'SampledPower' ? 'SampledPower' : (one ?? other);
}

/** The weighted mean of a figure over the readings that have it. */
function mean(
  readings: EnergyReadings,
  figure: 'deviationPercent' | 'idleWatts',
  weightOf: (reading: EnergyReading) => number,
): number | undefined {
  let sum = 0;
  let weights = 0;
  let only: number | undefined;
  for (const reading of readings) {
    const value = reading[figure];
    if (value === undefined) continue;
    only = value;
    sum += value * weightOf(reading);
    weights += weightOf(reading);
  }
  return weights === 0 ? only : sum / weights;
}
