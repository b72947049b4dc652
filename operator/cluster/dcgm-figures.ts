import { isPower } from '../accounting/power.ts';
import { parsePrometheusText } from './prometheus-text.ts';

/** What a DCGM exporter says of one card; at least one of the two. */
export interface DcgmFigures {
  readonly model: string | undefined;
  /** Since the driver was loaded. */
  readonly joules?: number;
  readonly watts?: number;
}

const [energy, power] = ['DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION', 'DCGM_FI_DEV_POWER_USAGE'] as const;
const names = new Set([energy, power]);

/** DCGM has huge integers in place of what it doesn't know: 9.22e18 and its neighbours. */
const leastBlank = 9e18;

/**
 * By the UUID of the card. Pods that share a card, and its MIG instances, have a line each, all with the figure of the whole
 * card.
 *
 * @throws Error, half a sentence: what can't be read, or that nothing of use is in it
 * @see https://github.com/NVIDIA/dcgm-exporter
 */
export function dcgmFigures(text: string): ReadonlyMap<string, DcgmFigures> {
  const cards = new Map<string, DcgmFigures>();
  const samples = parsePrometheusText(text, names);
  for (const { name, labels, value } of samples) {
    const uuid = labels['UUID'];
    if (uuid === undefined || uuid === '') throw new Error(`${name} has no label UUID`);
    const figures: DcgmFigures = cards.get(uuid) ?? { model: labels['modelName'] };
    if (name === energy && figures.joules === undefined && value >= 0 && value < leastBlank)
      cards.set(uuid, { ...figures, joules: value / 1000 });
    if (name === power && figures.watts === undefined && isPower({ watts: value }))
      cards.set(uuid, { ...figures, watts: value });
  }
  if (cards.size > 0) return cards;
  throw new Error(
    samples.length === 0
      ? `it has neither ${energy} nor ${power}`
      : 'it says of no GPU what it draws: all figures are blank',
  );
}
