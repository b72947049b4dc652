import type { BlockStatus, DistillationJobStatus } from '../../crds/status.ts';
import type { Bar } from './build-timeline.ts';

/** Where prepare and finetune ran, a status does not say. */
const unsaid = 'prepare, finetune';

/**
 * The bars that a status alone allows: a block from its first start to its end, whatever lay between; prepare up to the
 * first block, finetune from the last.
 *
 * @param now when the status was written, in seconds since 1970
 */
export function statusBars(status: DistillationJobStatus, now: number): Bar[] {
  const units = unitsOf(status.blocks ?? []);
  const models = new Set(units.flat().map(({ gpu }) => gpu));
  const bars = [
    ...baselineBar(status, now),
    ...units.flatMap((blocks) => unitBar(blocks, now, models.size > 1)),
  ];
  const started = status.startTime === undefined ? undefined : seconds(status.startTime);
  if (started === undefined) return bars;
  const end = status.completionTime === undefined ? now : seconds(status.completionTime);
  const first = Math.min(...bars.map((bar) => bar.start));
  if (bars.length === 0)
    return [sequential(status.phase === 'Preparing' ? 'Running' : 'Prepare', { start: started, end })];
  const last = Math.max(...bars.map((bar) => bar.end));
  const over = status.student !== undefined;
  return [
    sequential('Prepare', { start: started, end: first }),
    ...bars,
    ...(over || status.phase === 'Finetuning'
      ? [sequential(over ? 'Finetune' : 'Running', { start: last, end })]
      : []),
  ].filter((bar) => bar.end > bar.start);
}

/** The serial run, from its first start to its end. */
function baselineBar({ baseline }: DistillationJobStatus, now: number): Bar[] {
  if (baseline?.startTime === undefined) return [];
  const { startTime, completionTime, state, attempts = 1, reason = null } = baseline;
  const start = seconds(startTime);
  const end = completionTime === undefined ? Math.max(start, now) : seconds(completionTime);
  const kind = completionTime === undefined ? 'Running' : state === 'Known' ? 'Baseline' : 'Killed';
  return [
    {
      start,
      end,
      device: 'serial run',
      distilling: false,
      attempt: null,
      note: attempts < 2 ? reason : `${attempts} attempts, from the first start on`,
      parts: [{ kind, seconds: end - start, blocks: [] }],
    },
  ];
}

function sequential(
  kind: 'Prepare' | 'Running' | 'Finetune',
  { start, end }: { start: number; end: number },
): Bar {
  return {
    start,
    end,
    device: unsaid,
    distilling: false,
    attempt: null,
    note: 'With the time that it waited: the status does not say when it started.',
    parts: [{ kind, seconds: end - start, blocks: [] }],
  };
}

/**
 * A status that remembers no pods names no units either. Blocks of one unit share start, end, device and attempts; blocks that do and took more
 * time together than passed only ended at the same moment.
 */
function unitsOf(blocks: readonly BlockStatus[]): BlockStatus[][] {
  const started = blocks.filter(({ startTime, state }) => startTime !== undefined && state !== 'Kept');
  const key = ({ startTime, completionTime, node, gpu, attempts }: BlockStatus): string =>
    JSON.stringify([startTime, completionTime, node, gpu, attempts]);
  return [...Map.groupBy(started, key).values()].flatMap((alike) =>
    fitTogether(alike) ? [alike] : alike.map((block) => [block]),
  );
}

function fitTogether(blocks: readonly BlockStatus[]): boolean {
  const { startTime, completionTime } = blocks[0] ?? {};
  if (startTime === undefined || completionTime === undefined) return true;
  const trained = blocks.reduce((total, block) => total + (block.seconds ?? 0), 0);
  return trained <= seconds(completionTime) - seconds(startTime);
}

/** @param mixed whether there are several models of GPU, so that each row has to say which it is */
function unitBar(blocks: readonly BlockStatus[], now: number, mixed: boolean): Bar[] {
  const [first] = blocks;
  if (first?.startTime === undefined) return [];
  const { completionTime, node, gpu, attempts } = first;
  const start = seconds(first.startTime);
  const end = completionTime === undefined ? Math.max(start, now) : seconds(completionTime);
  const named = node === undefined || mixed ? [node, gpu] : [node];
  const device = named.filter((part) => part !== undefined).join(', ') || 'device unknown';
  const names = blocks.map(({ name }) => name);
  const trained = blocks.reduce((total, block) => total + (block.seconds ?? 0), 0);
  // What was trained in all attempts can't be more than the time from the first start to the end.
  const scale = trained > end - start ? (end - start) / trained : 1;
  const running = completionTime === undefined;
  return [
    {
      start,
      end,
      device,
      distilling: true,
      attempt: null,
      note: attempts === undefined || attempts < 2 ? null : `${attempts} attempts, from the first start on`,
      parts: running
        ? [{ kind: first.state === 'Failed' ? 'Killed' : 'Running', seconds: end - start, blocks: names }]
        : [
            { kind: 'Other', seconds: end - start - trained * scale, blocks: names },
            ...blocks.map(({ name, seconds: own = 0 }) => ({
              kind: 'Training' as const,
              seconds: own * scale,
              blocks: [name],
            })),
          ],
    },
  ];
}

function seconds(time: string): number {
  return Date.parse(time) / 1000;
}
