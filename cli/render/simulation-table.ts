import type { TimeBasis, WorkToSimulate } from '../../operator/local/work-to-simulate.ts';
import type { Schedule, Simulation } from '../../operator/packing/simulate.ts';
import { percent, seconds, times } from './format.ts';
import { table } from './table.ts';

const scheduleNames = {
  RoundRobin: 'round robin',
  LongestFirst: 'longest first',
  Packed: 'packed',
} as const satisfies Record<Schedule, string>;

/** What `simulate` found: the blocks' times and where they are from, and each schedule on each number of GPUs. */
export function simulationTable(work: WorkToSimulate, simulation: Simulation): string[] {
  const header = ['GPUs', 'schedule', 'units', 'time', 'speedup', 'balance', 'idle GPU time'];
  const rows = simulation.runs.map((run, index) => [
    simulation.runs[index - 1]?.gpus === run.gpus ? '' : String(run.gpus),
    scheduleNames[run.schedule],
    String(run.units),
    seconds(run.makespanSeconds),
    times(run.speedup),
    percent(run.balance, 1),
    seconds(run.idleGpuSeconds),
  ]);
  return [
    ...workLines(work, simulation),
    '',
    ...table([header, ...rows], { indent: '  ', right: [0, 2, 3, 4, 5, 6] }),
    '',
    ...notes(work, simulation),
  ];
}

/** Why there is nothing about packing; undefined when there is. */
export function simulationReason({ packedSerialSeconds }: Simulation): string | undefined {
  return packedSerialSeconds === undefined
    ? 'Packing is unknown: a file of times does not say what the teacher takes of them.'
    : undefined;
}

function workLines({ blocks }: WorkToSimulate, simulation: Simulation): string[] {
  const { serialSeconds, packedSerialSeconds, ceiling, longestBlock } = simulation;
  const counted = blocks.length === 1 ? '1 block' : `${blocks.length} blocks`;
  const longest = seconds(serialSeconds / ceiling);
  return [
    `Work      ${counted}, ${seconds(serialSeconds)} on one GPU; the longest is ${longestBlock} with ${longest}`,
    ...(packedSerialSeconds === undefined
      ? []
      : [
          `Packed    ${seconds(packedSerialSeconds)} on one GPU: ${times(serialSeconds / packedSerialSeconds)} less work, because the teacher runs once for several blocks`,
        ]),
    `Ceiling   ${times(ceiling)} with a block a unit: more than ${Math.ceil(ceiling)} GPUs can't help`,
    `Times     ${basisText(blocks.map(({ basis }) => basis))}`,
  ];
}

function basisText(bases: readonly TimeBasis[]): string {
  const measured = bases.filter((basis) => basis === 'Measured').length;
  if (bases.every((basis) => basis === 'Given')) return 'as the file gives them';
  if (measured === bases.length) return 'what the units of the last run took';
  const predicted = "predicted from prepare's measurements of steps and teacher";
  return measured === 0 ? predicted : `of ${measured} what their units took, the others ${predicted}`;
}

function notes({ startUpSeconds }: WorkToSimulate, simulation: Simulation): string[] {
  const reason = simulationReason(simulation);
  return [
    'Each speedup is against the same schedule on one GPU.',
    ...(startUpSeconds === undefined ? [] : [`Start-up of ${startUpSeconds} s a unit is assumed.`]),
    "The GPUs are equal and don't slow each other down; workers of one machine do, by what they share.",
    ...(reason === undefined ? [] : [reason]),
  ];
}
