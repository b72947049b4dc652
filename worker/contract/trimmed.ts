import type { EnergyFacts } from './unit-facts.ts';

/** What is left out of a message to make it shorter. */
export interface Trimmed {
  /** Characters that are left of each reason. */
  readonly reasons?: number;
  /** Entries that are left of what a plan keeps. */
  readonly kept?: number;
  readonly layers?: boolean;
  readonly latency?: boolean;
  /** Significant digits of a figure. */
  readonly digits?: number;
}

const longestReason = 120;
const shortestReason = 80;

export function shortReason(reason: string | undefined, trimmed: Trimmed): { reason?: string } {
  const length = trimmed.reasons ?? longestReason;
  if (reason === undefined || length === 0) return {};
  return { reason: reason.length <= length ? reason : `${reason.slice(0, length - 1)}…` };
}

/** With its reason, which is shortened, but never left out. */
export function whyKept<Figure extends { readonly reason?: string | undefined }>(
  { reason, ...figure }: Figure,
  { reasons = longestReason }: Trimmed,
) {
  return { ...figure, ...shortReason(reason, { reasons: Math.max(reasons, shortestReason) }) };
}

interface EnergyParts {
  readonly energy: EnergyFacts;
  readonly earlierEnergy?: EnergyFacts | undefined;
}

/** As it is, but for the reasons: readings of one device deflate to little. Why a figure is unknown is never left out. */
export function energyToWire(
  { energy, earlierEnergy }: EnergyParts,
  { reasons = longestReason }: Trimmed,
): EnergyParts {
  const short = (readings: EnergyFacts): EnergyFacts =>
    readings.map((reading) => whyKept(reading, { reasons }));
  return {
    energy: short(energy),
    ...(earlierEnergy === undefined ? {} : { earlierEnergy: short(earlierEnergy) }),
  };
}
