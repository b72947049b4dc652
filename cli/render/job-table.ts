import type { BaselineStatus, BlockStatus, DistillationJobStatus } from '../../crds/status.ts';
import { accuracyTable, accuracyTitle } from './accuracy-table.ts';
import { shortSaving } from './energy-saving.ts';
import { count, figure, percent, points, seconds, times } from './format.ts';
import { printable } from './printable.ts';
import { scoreDrop, scoreName } from './score-drop.ts';
import { table } from './table.ts';

type Status = DistillationJobStatus;

const unknown = 'unknown';

/** Everything that a status says of a job, in tables for a person. */
export function jobTable(told: Status, phases: PhaseSeconds = {}): string[] {
  const status = printable(told);
  return [
    ...section(accuracyTitle(status), accuracyTable(status)),
    ...section('Size and speed', sizeTable(status)),
    ...section('Blocks', blockTable(status)),
    // Without a plan nothing has been done that could be accounted for.
    ...section('Cost', status.teacher === undefined ? [] : costTable(status, phases)),
  ];
}

/** Wall-clock seconds of each stage, as far as they are known. */
export interface PhaseSeconds {
  readonly prepare?: number;
  readonly baseline?: number;
  readonly distill?: number;
  readonly finetune?: number;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

function sizeTable({ teacher, student }: Status): string[] {
  if (teacher === undefined || student === undefined) return [];
  const rows = [
    ['', 'teacher', 'student', ''],
    ratioRow('parameters', teacher.parameters, student.parameters, { show: count, words: ['fewer', 'more'] }),
    ratioRow('multiplications a sample', teacher.macs, student.macs, {
      show: count,
      words: ['fewer', 'more'],
    }),
    ...(teacher.latency ?? []).map(({ batchSize, milliseconds }) =>
      ratioRow(
        `latency, batch ${batchSize}`,
        milliseconds,
        student.latency?.find((latency) => latency.batchSize === batchSize)?.milliseconds,
        { show: (value) => `${figure(value)} ms`, words: ['faster', 'slower'] },
      ),
    ),
  ];
  return table(rows, { right: [1, 2] });
}

interface RatioOptions {
  show(value: number): string;
  /** For a ratio above 1 and for one below. */
  readonly words: readonly [string, string];
}

function ratioRow(
  name: string,
  before: number | undefined,
  after: number | undefined,
  { show, words }: RatioOptions,
): string[] {
  const known = before !== undefined && after !== undefined && after > 0;
  const text = (value: number | undefined): string => (value === undefined ? unknown : show(value));
  return [name, text(before), text(after), known ? ratioText(before / after, words) : ''];
}

function ratioText(ratio: number, [above, below]: readonly [string, string]): string {
  return ratio >= 1 ? `${times(ratio)} ${above}` : `${times(1 / ratio)} ${below}`;
}

function blockTable(status: Status): string[] {
  const { blocks = [] } = status;
  if (blocks.length === 0) return [];
  const drop = `${scoreName(blocks.find(({ score }) => score !== undefined) ?? {})} drop`;
  const header = ['block', 'state', 'replaced', 'unexplained', drop, 'training s', 'reason'];
  return table([header, ...blocks.map((block) => blockRow(block, status))], { right: [3, 4, 5] });
}

function blockRow(block: BlockStatus, status: Status): string[] {
  const drop = scoreDrop(block, status);
  return [
    block.name,
    block.state.toLowerCase(),
    block.replaced === undefined ? '' : block.replaced ? 'yes' : 'no',
    block.unexplainedVariance === undefined ? '' : percent(block.unexplainedVariance, 1),
    drop === undefined ? '' : points(drop).replace('+', ''),
    block.seconds === undefined ? '' : figure(block.seconds),
    block.reason ?? '',
  ];
}

function costTable({ speedup, energy, baseline }: Status, phases: PhaseSeconds): string[] {
  const stages = Object.entries(phases).map(
    ([stage, value]: [string, number]) => `${stage} ${seconds(value)}`,
  );
  const rows = [
    ...(stages.length === 0 ? [] : [['time', stages.join(', ')]]),
    ...(baseline === undefined ? [] : [['baseline', baselineText(baseline)]]),
    ...(speedup === undefined ? [] : [['speedup', speedupText(speedup)]]),
    ...(energy === undefined ? [] : [['energy', energyText(energy)]]),
  ];
  return table(rows);
}

/** An estimate says that it is one. */
function speedupText(speedup: NonNullable<Status['speedup']>): string {
  const { value, basis, workers, balance, ceiling, workInflation, savedWork, endToEnd, reason } = speedup;
  const ceilingText = ceiling === undefined ? [] : [`ceiling ${times(ceiling)}`];
  if (value === undefined) return [`${unknown} (${reason ?? 'no reason given'})`, ...ceilingText].join(', ');
  return [
    `${times(value)} ${basis === 'Measured' ? 'measured' : 'estimated'}${workers === undefined ? '' : ` with ${workers} ${workers === 1 ? 'worker' : 'workers'}`}`,
    ...(balance === undefined ? [] : [`balance ${figure(balance)}`]),
    ...(workInflation === undefined ? [] : [`work inflation ${figure(workInflation)}`]),
    ...ceilingText,
    ...(endToEnd === undefined ? [] : [`${times(endToEnd)} with prepare and finetune`]),
    ...(savedWork === undefined || savedWork < 1.005
      ? []
      : [`${times(savedWork)} less work than recomputing the teacher for every block`]),
  ].join(', ');
}

/** What speedup and saving are measured against; a serial run is no part of the other figures. */
function baselineText({ mode, state, jobName, seconds: took, reason }: BaselineStatus): string {
  const what = mode === 'Job' ? `job ${jobName}` : 'serial run';
  if (state === 'Known' && took !== undefined) return `${what}: ${seconds(took)} on one device`;
  const why = reason === undefined ? '' : ` (${reason.replace(/\.$/, '')})`;
  return `${what}: ${state.toLowerCase()}${why}`;
}

/** What is in a figure, and what is not, is said with it. */
function energyText(energy: NonNullable<Status['energy']>): string {
  const { joules, coverage = [], reason } = energy;
  const why = reason?.replace(/\.$/, '');
  if (joules === undefined) return `${unknown} (${why ?? 'no reason given'})`;
  const notes = [
    ...(coverage.length === 0 ? [] : [coverage.join(', ')]),
    ...(why === undefined ? [] : [why]),
  ];
  const known = notes.length === 0 ? `${count(joules)} J` : `${count(joules)} J (${notes.join('; ')})`;
  return [known, shortSaving({ energy })].filter(Boolean).join('; ');
}
