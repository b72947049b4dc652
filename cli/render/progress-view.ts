import { firstLine } from '../../operator/decide/text.ts';
import type { Terminal } from '../terminal.ts';
import { blockLine } from './block-lines.ts';
import { duration, percent } from './format.ts';
import { elapsedSeconds, type JobUpdate } from './job-update.ts';
import { printable } from './printable.ts';
import { styles } from './style.ts';

/** Shows how a job goes on. */
export interface ProgressView {
  update(update: JobUpdate): void;
  /** Leaves the terminal in order; nothing is drawn after it. */
  close(): void;
}

const redrawAfterMilliseconds = 100;
const tickMilliseconds = 1000;

/** A header and a line a block, redrawn in place; what happens is printed above them once. */
export function liveView(name: string, terminal: Terminal, now: () => Date): ProgressView {
  const started = now();
  let drawn = 0;
  let latest: JobUpdate | undefined;
  let timer: NodeJS.Timeout | undefined;
  const erase = (): string => (drawn === 0 ? '' : `\u001b[${drawn}A\r\u001b[J`);
  const draw = (above = ''): void => {
    timer = undefined;
    if (latest === undefined) return;
    const lines = frame(name, latest, {
      terminal,
      elapsedSeconds: elapsedSeconds(latest, started, now()),
    });
    terminal.write(`${erase()}${above}${lines.map((line) => `${line}\n`).join('')}`);
    drawn = lines.length;
  };
  // The elapsed time goes on though nothing happens.
  const ticks = setInterval(draw, tickMilliseconds);
  return {
    update: (told) => {
      const update = printable(told);
      latest = update;
      const warnings = update.events.filter(({ type }) => type === 'Warning');
      if (warnings.length > 0) {
        clearTimeout(timer);
        const { yellow } = styles(terminal.color);
        draw(warnings.map(({ message }) => `${yellow('warning:')} ${message}\n`).join(''));
      } else timer ??= setTimeout(draw, redrawAfterMilliseconds);
    },
    close: () => {
      clearTimeout(timer);
      clearInterval(ticks);
      draw();
      latest = undefined;
    },
  };
}

interface FrameOptions {
  readonly terminal: Pick<Terminal, 'columns' | 'rows' | 'color'>;
  /** Undefined: the job has not begun. */
  readonly elapsedSeconds: number | undefined;
}

/** The lines of one picture: none is wider than the terminal, and there are fewer than it has rows. */
export function frame(name: string, update: JobUpdate, { terminal, ...options }: FrameOptions): string[] {
  const { status } = update;
  const style = styles(terminal.color);
  const blocks = status.blocks ?? [];
  const nameWidth = Math.min(32, Math.max(0, ...blocks.map((block) => block.name.length)));
  const room = Math.max(1, terminal.rows - 4);
  // What moves is shown first when there is no room for all; what ended long ago can be read in the table at the end.
  const rank = { Running: 0, Failed: 1, Collapsed: 1, Pending: 2, Distilled: 3, Kept: 4 } as const;
  const shown =
    blocks.length <= room ? blocks : blocks.toSorted((a, b) => rank[a.state] - rank[b.state]).slice(0, room);
  const lines = [
    style.bold(headerText(name, update, options.elapsedSeconds)),
    ...shown.map((block) => `  ${blockLine(block, update, { nameWidth, style })}`),
    ...(shown.length < blocks.length ? [style.dim(`  and ${blocks.length - shown.length} more`)] : []),
    ...otherLines(update),
  ];
  return lines.map((line) => clipLine(line, terminal.columns));
}

export function headerText(name: string, update: JobUpdate, elapsed: number | undefined): string {
  const { phase = 'Pending', progress } = update.status;
  return [
    name,
    phase.toLowerCase(),
    ...(progress === undefined ? [] : [`${progress.done}/${progress.total} blocks`, `${progress.percent}%`]),
    ...workersTexts(update),
    ...(elapsed === undefined ? [] : [`${duration(elapsed)} elapsed`]),
    ...(progress?.etaSeconds === undefined ? [] : [`about ${duration(progress.etaSeconds)} left`]),
  ].join('  ');
}

/** A status says how many blocks are trained, but not which of them share a worker. */
function workersTexts({ status, observed }: JobUpdate): string[] {
  if (observed === undefined) {
    const training = status.blocks?.filter(({ state }) => state === 'Running').length ?? 0;
    return training === 0 ? [] : [`${training} in training`];
  }
  const workers = observed.attempts.filter(({ state }) => state === 'Running').length;
  return [`${workers} ${workers === 1 ? 'worker' : 'workers'}`];
}

/** What prepare or finetune is doing; of a job that others run, what its status says goes on, or is waited for. */
function otherLines({ status, observed }: JobUpdate): string[] {
  if (observed === undefined) {
    const said = status.conditions?.find(({ type }) => type === 'Ready')?.message;
    return said === undefined ? [] : [`  ${firstLine(said)}`];
  }
  return observed.attempts.flatMap(({ state, stage, progress }) => {
    if (state !== 'Running' || stage === 'Distill' || progress === undefined) return [];
    const share = progress.fraction === null ? '' : ` ${percent(progress.fraction, 0)}`;
    const left = progress.etaSeconds === null ? '' : `, ${duration(progress.etaSeconds)} left`;
    return [`  ${stage.toLowerCase()}:${share} ${progress.activity}${left}`];
  });
}

const escape = '\u001b[';

/** Cuts at the width of the terminal, counting only what is visible: a style is `ESC [ <digits> m`. */
function clipLine(line: string, columns: number): string {
  const [first = '', ...styled] = line.split(escape);
  let room = columns - 1 - first.length;
  let clipped = first.slice(0, columns - 1);
  for (const part of styled) {
    const end = part.indexOf('m') + 1;
    const text = part.slice(end);
    clipped += escape + part.slice(0, end) + text.slice(0, Math.max(0, room));
    room -= text.length;
  }
  return clipped;
}
