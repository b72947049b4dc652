import type { DistillationJobStatus } from '../../crds/status.ts';
import { sentence } from '../../operator/decide/text.ts';

/** Of a status, or of a report, where null is unknown. */
interface Cost {
  readonly energy?: DistillationJobStatus['energy'] | null;
  readonly baseline?: DistillationJobStatus['baseline'] | null;
}

/** What a saving is of. The joules of a job are often of more: of all its stages, and of devices that the baseline had no meter for. */
interface Compared {
  /** `distill stage`, `whole job` */
  readonly stages: string;
  /** `GPU + CPU in use` */
  readonly devices: string;
  /** `100 x (1 - EN / E1), EN = 9 kJ, E1 = 10 kJ` */
  readonly formula: string;
}

/** The end of the formula names them: `...: GPU + CPU in use, distill stage`. */
function comparedBy(formula: string | undefined): Compared | undefined {
  const [, figures, devices, stages] = /^(.+): ([^:,]+ in use), ([^:,]+)$/.exec(formula ?? '') ?? [];
  return figures === undefined || devices === undefined || stages === undefined
    ? undefined
    : { stages, devices, formula: figures };
}

/** `distill stage, GPU in use: 10.0% less than the baseline`; undefined where no saving is known. */
export function shortSaving({ energy }: Cost): string | undefined {
  if (energy?.savingPercent === undefined) return undefined;
  const { stages, devices } = comparedBy(energy.formula) ?? {};
  const of = stages === undefined ? 'devices in use' : `${stages}, ${devices}`;
  return `${of}: ${savingText(energy.savingPercent)}`;
}

/** Sentences: what drew how much less than what, by which formula; undefined where no saving is known. */
export function savingSentences({ energy }: Cost): string | undefined {
  if (energy?.savingPercent === undefined) return undefined;
  const { formula, savingPercent, savingPercentDedicatedNode: dedicated } = energy;
  const compared = comparedBy(formula);
  const used =
    compared === undefined
      ? `Devices in use drew ${savingText(savingPercent)}${formula === undefined ? '' : ` (${formula})`}.`
      : `The ${compared.stages} drew ${savingText(savingPercent)}, counting ${compared.devices}: ${compared.formula}.`;
  if (dedicated === undefined) return used;
  return `${used} Whole nodes, idle devices included, drew ${savingText(dedicated)}; that counts only where nobody else can use them.`;
}

/** A sentence: why no saving is known. */
export function whyNoSaving({ energy, baseline }: Cost): string {
  if (baseline === undefined || baseline === null)
    return 'Whether that is less than one device would have used is unknown: there is no measured baseline.';
  return energy?.reason === undefined
    ? 'Whether that is less than the baseline is unknown, and the status does not say why.'
    : sentence(energy.reason);
}

function savingText(savingPercent: number): string {
  const word = savingPercent < 0 ? 'more' : 'less';
  return `${Math.abs(savingPercent).toFixed(1)}% ${word} than the baseline`;
}
