import type { BlockStatus } from '../../crds/status.ts';
import { distillUnits } from '../../operator/decide/units.ts';
import type { Progress } from '../../worker/contract/progress.ts';
import { bar } from './bar.ts';
import { count, duration, figure, percent, points, seconds } from './format.ts';
import type { JobUpdate } from './job-update.ts';
import { scoreDrop, scoreName } from './score-drop.ts';
import type { Styles } from './style.ts';

const barWidth = 22;

/** One line a block: its bar while it trains, its figures when it has ended. */
export function blockLine(
  block: BlockStatus,
  update: JobUpdate,
  options: { nameWidth: number; style: Styles },
): string {
  const { dim, green, yellow } = options.style;
  const name = block.name.padEnd(options.nameWidth);
  switch (block.state) {
    case 'Running':
      return `${name}  ${update.observed === undefined ? toldText(block) : runningText(block, progressOf(block.name, update))}`;
    case 'Distilled':
      return `${name}  ${green('done')}  ${doneText(block, update)}`;
    case 'Collapsed':
    case 'Failed':
      return `${name}  ${yellow(block.state.toLowerCase())}  ${block.reason ?? ''}`;
    case 'Kept':
      return dim(`${name}  kept  ${block.reason ?? ''}`);
    case 'Pending':
      return dim(`${name}  waiting`);
  }
}

function runningText(block: BlockStatus, progress: Progress | undefined): string {
  const own = progress?.blocks.find(({ name }) => name === block.name);
  if (progress === undefined || own === undefined) {
    return `${bar(0, barWidth)}   0%  ${progress?.activity.toLowerCase() ?? 'starting'}`;
  }
  const share = own.step / own.steps;
  const parts = [
    `${bar(share, barWidth)} ${percent(Math.min(1, share), 0).padStart(4)}`,
    own.state === 'Training'
      ? `epoch ${Math.min(own.epoch + 1, own.epochs)}/${own.epochs}`
      : progress.activity,
    ...(own.loss === null ? [] : [`loss ${figure(own.loss)}`]),
    ...(progress.samplesPerSecond === null ? [] : [`${count(progress.samplesPerSecond)} images/s`]),
    ...(progress.etaSeconds === null ? [] : [`${duration(progress.etaSeconds)} left`]),
  ];
  return parts.join('  ');
}

/** What a status says of a block in training: whoever wrote it may not have heard from the worker. */
function toldText({ progress, loss }: BlockStatus): string {
  if (progress === undefined) return 'in training, how far is unknown';
  return [
    `${bar(progress / 100, barWidth)} ${percent(progress / 100, 0).padStart(4)}`,
    ...(loss === undefined ? [] : [`loss ${figure(loss)}`]),
  ].join('  ');
}

function doneText(block: BlockStatus, { status }: JobUpdate): string {
  const drop = scoreDrop(block, status);
  return [
    ...(block.unexplainedVariance === undefined
      ? []
      : [`unexplained ${percent(block.unexplainedVariance, 1)}`]),
    ...(drop === undefined ? [] : [`${scoreName(block)} ${points(-drop)}`]),
    ...(block.seconds === undefined ? [] : [seconds(block.seconds)]),
  ].join('  ');
}

/** What the running worker of the block's unit last said. */
function progressOf(block: string, { observed }: JobUpdate): Progress | undefined {
  const units = observed?.prepared === undefined ? [] : distillUnits(observed.prepared);
  const unit = units.find(({ blocks }) => blocks.includes(block))?.name;
  return observed?.attempts.find((attempt) => attempt.unit === unit && attempt.state === 'Running')?.progress;
}
