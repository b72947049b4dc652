import { sentence } from '../../../operator/decide/text.ts';
import { percent, times } from '../../render/format.ts';
import type { ReportInput } from '../report-input.ts';
import type { Warning } from '../report-schema.ts';
import type { Timeline } from '../schema/timeline.ts';
import { warning, type Check } from './check.ts';

const poorBalance = 0.8;

/** Of time, speedup and energy. */
export const costChecks: readonly Check[] = [
  killedAttempts,
  tooManyWorkers,
  poorlyBalanced,
  mixedDevices,
  estimatedSpeedup,
  notReproducible,
  energyWarnings,
];

function killedAttempts({ details }: ReportInput, timeline: Timeline | undefined): Warning[] {
  const killed = timeline?.segments.filter(({ kind }) => kind === 'Killed') ?? [];
  if (details === undefined || killed.length === 0) return [];
  const seconds = killed.reduce((total, { start, end }) => total + end - start, 0);
  return [
    warning(
      'KilledAttempts',
      `${killed.length === 1 ? 'One attempt' : `${killed.length} attempts`} ended without a result, after ${seconds.toFixed(0)} device seconds; what a checkpoint had saved was not lost.`,
    ),
  ];
}

function tooManyWorkers({ status: { speedup } }: ReportInput): Warning[] {
  const { workers, ceiling } = speedup ?? {};
  if (workers === undefined || ceiling === undefined || workers <= Math.ceil(ceiling)) return [];
  return [
    warning(
      'MoreWorkersThanHelp',
      `${workers} workers ran at once, but no more than ${Math.ceil(ceiling)} can help: the longest unit alone sets the time (ceiling ${times(ceiling)}).`,
    ),
  ];
}

function poorlyBalanced({ status: { speedup } }: ReportInput): Warning[] {
  const { balance, workers = 1 } = speedup ?? {};
  if (balance === undefined || balance >= poorBalance || workers < 2) return [];
  return [
    warning(
      'PoorBalance',
      `Devices stood idle for ${percent(1 - balance, 0)} of the time they were held for training: fewer workers would have done nearly as well.`,
    ),
  ];
}

/** Results of different devices can't be added up to one speedup. */
function mixedDevices({ status: { blocks = [] } }: ReportInput): Warning[] {
  const models = new Set(blocks.flatMap(({ gpu }) => (gpu === undefined ? [] : [gpu])));
  return models.size < 2
    ? []
    : [
        warning(
          'MixedDevices',
          `Blocks were trained on different models of GPU (${[...models].join(', ')}): the speedup means little.`,
        ),
      ];
}

function estimatedSpeedup({ status: { speedup, baseline } }: ReportInput): Warning[] {
  if (speedup?.value === undefined || speedup.basis !== 'Estimated') return [];
  const why =
    baseline?.reason === undefined
      ? 'nobody ran the blocks one after another to compare with.'
      : `there is no serial run to compare with. ${sentence(baseline.reason)}`;
  return [
    warning(
      'EstimatedSpeedup',
      `The speedup is an estimate: ${why} It cannot see by how much parallel units slow each other down, and tends to be too high.`,
    ),
  ];
}

function notReproducible({ details }: ReportInput): Warning[] {
  const loose = details?.distill.some(({ platform }) => !platform.reproducible) ?? false;
  return loose
    ? [warning('NotReproducible', 'Another run on this kind of device gives slightly different weights.')]
    : [];
}

function energyWarnings({ status: { energy } }: ReportInput): Warning[] {
  if (energy === undefined) return [];
  return [
    ...(energy.joules === undefined
      ? [
          warning(
            'EnergyUnknown',
            sentence(`The energy is unknown: ${energy.reason ?? 'no reason was given'}`),
          ),
        ]
      : []),
    ...((energy.gaps ?? 0) > 0
      ? [warning('EnergyGaps', `The meter gave no reading in ${energy.gaps} intervals.`)]
      : []),
  ];
}
